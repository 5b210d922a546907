/** The searches on this device, the newest first. They are not sent to the server. */
const SLOT = 'searches'
const KEPT = 12

export function all(): string[] {
  return wx.getStorageSync<string[]>(SLOT) || []
}

export function add(text: string): string[] {
  const words = [text, ...all().filter((one) => one !== text)].slice(0, KEPT)
  wx.setStorageSync(SLOT, words)
  return words
}

export function forget(): string[] {
  wx.removeStorageSync(SLOT)
  return []
}
