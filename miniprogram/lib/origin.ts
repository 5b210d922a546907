/** How this person came here: the share they opened, and the name their device goes by before they log in. */
import { randomWord } from './keys'

const VISITOR = 'visitor'
const SHARE = 'share'
const SHARE_CODE = /^[0-9A-Za-z]{4,16}$/
/** The server takes the code of a login for a share opened just now: what was opened long ago is not told any more. */
const KEPT_MS = 30 * 86_400_000

interface Opened {
  code: string
  at: number
}

/** Made once and kept, so that openings before a login can be told to belong together. */
export function visitorId(): string {
  const kept = wx.getStorageSync<string>(VISITOR)
  if (kept) return kept
  const made = randomWord(24)
  wx.setStorageSync(VISITOR, made)
  return made
}

/** The share opened last that no login has told the server of, '' for none. */
export function shareCode(): string {
  const { code, at } = wx.getStorageSync<Opened>(SHARE) || { code: '', at: 0 }
  return Date.now() - at < KEPT_MS ? code : ''
}

export function keepShare(code: string): void {
  wx.setStorageSync(SHARE, { code, at: Date.now() } satisfies Opened)
}

/** A login told the server of it; another one opened meanwhile stays. */
export function forgetShare(code: string): void {
  if (shareCode() === code) wx.removeStorageSync(SHARE)
}

/** The share in a page's query (`s=CODE`, or a poster's `scene=s%3DCODE`), '' for none. */
export function shareIn(query: Record<string, string | undefined>): string {
  const code = query.s ?? sceneOf(query).get('s') ?? ''
  return SHARE_CODE.test(code) ? code : ''
}

/** What a mini-program code carries, as WeChat hands it over: one encoded `scene`. */
function sceneOf(query: Record<string, string | undefined>): Map<string, string> {
  try {
    const pairs = decodeURIComponent(query.scene ?? '').split('&')
    return new Map(pairs.map((pair) => pair.split('=', 2) as [string, string]))
  } catch {
    return new Map() // a text that was never encoded is no scene of ours
  }
}
