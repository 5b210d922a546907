/** Idempotency keys, made here and kept until the outcome of what they stand for is known. */
export interface Key {
  slot: string
  value: string
}

const PREFIX = 'key:'

/** The key of this very wish: the same path and body give the same key until it is forgotten. */
export function keyFor(path: string, body: object): Key {
  const slot = PREFIX + digest(path + JSON.stringify(body))
  const kept = wx.getStorageSync<string>(slot)
  const value = kept || randomWord(24)
  if (!kept) wx.setStorageSync(slot, value)
  return { slot, value }
}

export function forget(key: Key): void {
  wx.removeStorageSync(key.slot)
}

/** Letters and digits, for names that only must not collide. */
export function randomWord(length: number): string {
  const letters = '0123456789abcdefghijkmnpqrstuvwxyz'
  let word = Date.now().toString(36)
  while (word.length < length) word += letters[Math.floor(Math.random() * letters.length)]
  return word.slice(0, length)
}

/** 53-bit mix of a text (cyrb53): names a storage slot, guards nothing. */
function digest(text: string): string {
  let low = 0xdeadbeef
  let high = 0x41c6ce57
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    low = Math.imul(low ^ code, 2654435761)
    high = Math.imul(high ^ code, 1597334677)
  }
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  return (4294967296 * (2097151 & high) + (low >>> 0)).toString(36)
}
