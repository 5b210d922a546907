/** Idempotency keys, made here and kept on the device until the outcome of what they stand for is known. */
export interface Key {
  name: string
  value: string
}

interface Kept {
  value: string
  at: number
}

const SLOT = 'keys'
/** Who presses again does so soon. Later the same wish is a new one, and must not be given an old answer. */
const KEPT_MS = 15 * 60_000

/** The key of this very wish: while its outcome is not known, the same text gives the same key. */
export function keyFor(wish: string): Key {
  const keys = kept()
  const name = digest(wish)
  const value = keys[name]?.value ?? randomWord(24)
  wx.setStorageSync(SLOT, { ...keys, [name]: { value, at: Date.now() } })
  return { name, value }
}

export function forget({ name }: Key): void {
  const { [name]: _, ...others } = kept()
  wx.setStorageSync(SLOT, others)
}

/** For when it is seen what became of the wishes before. */
export function forgetAll(): void {
  wx.removeStorageSync(SLOT)
}

function kept(): Record<string, Kept> {
  const all = Object.entries(wx.getStorageSync<Record<string, Kept>>(SLOT) || {})
  return Object.fromEntries(all.filter(([, { at }]) => Math.abs(Date.now() - at) < KEPT_MS))
}

/** Letters and digits, for names that only must not collide. */
export function randomWord(length: number): string {
  const letters = '0123456789abcdefghijkmnpqrstuvwxyz'
  let word = Date.now().toString(36)
  while (word.length < length) word += letters[Math.floor(Math.random() * letters.length)]
  return word.slice(0, length)
}

/** 53-bit mix of a text (cyrb53): names a wish, guards nothing. */
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
