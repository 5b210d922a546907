/** Idempotency keys. They are kept on the device until the result of their request is known. */
export interface Key {
  name: string
  value: string
}

interface Kept {
  value: string
  at: number
}

const SLOT = 'keys'
/** A repeated press comes soon. After this time the same request is a new one and must not get an old answer. */
const KEPT_MS = 15 * 60_000

/** The key of this request: the same text gives the same key until the result is known. */
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

/** Forget all keys. Call it when the member has seen the results of the requests. */
export function forgetAll(): void {
  wx.removeStorageSync(SLOT)
}

function kept(): Record<string, Kept> {
  const all = Object.entries(wx.getStorageSync<Record<string, Kept>>(SLOT) || {})
  return Object.fromEntries(all.filter(([, { at }]) => Math.abs(Date.now() - at) < KEPT_MS))
}

/** Letters and digits for names that only have to be different. */
export function randomWord(length: number): string {
  const letters = '0123456789abcdefghijkmnpqrstuvwxyz'
  let word = Date.now().toString(36)
  while (word.length < length) word += letters[Math.floor(Math.random() * letters.length)]
  return word.slice(0, length)
}

/** A 53-bit hash of a text (cyrb53). It names a request and is not for security. */
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
