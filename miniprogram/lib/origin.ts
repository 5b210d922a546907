/** How a visitor came here: the share they opened, and the device's name before they log in. */
import { randomWord } from './keys'

const VISITOR = 'visitor'
const SHARE = 'share'
const SHARE_CODE = /^[0-9A-Za-z]{4,16}$/
/** The server counts a share for a login only if it was opened recently, so an older one is not sent. */
const KEPT_MS = 30 * 86_400_000

interface Opened {
  code: string
  at: number
}

/** Made once and kept, so that all openings before a login can be counted as one visitor. */
export function visitorId(): string {
  const kept = wx.getStorageSync<string>(VISITOR)
  if (kept) return kept
  const made = randomWord(24)
  wx.setStorageSync(VISITOR, made)
  return made
}

/** The last share that was opened and not yet sent with a login, '' if there is none. */
export function shareCode(): string {
  const { code, at } = wx.getStorageSync<Opened>(SHARE) || { code: '', at: 0 }
  return Date.now() - at < KEPT_MS ? code : ''
}

export function keepShare(code: string): void {
  wx.setStorageSync(SHARE, { code, at: Date.now() } satisfies Opened)
}

/** Forget a share that was sent with a login; one that was opened meanwhile stays. */
export function forgetShare(code: string): void {
  if (shareCode() === code) wx.removeStorageSync(SHARE)
}

/** The share in a page's query (`s=CODE`, or a poster's `scene=s%3DCODE`), '' for none. */
export function shareIn(query: Record<string, string | undefined>): string {
  const code = query.s ?? sceneOf(query).get('s') ?? ''
  return SHARE_CODE.test(code) ? code : ''
}

/** The content of a mini-program code as WeChat passes it: one encoded `scene`. */
function sceneOf(query: Record<string, string | undefined>): Map<string, string> {
  try {
    const pairs = decodeURIComponent(query.scene ?? '').split('&')
    return new Map(pairs.map((pair) => pair.split('=', 2) as [string, string]))
  } catch {
    return new Map() // a text that is not encoded is not a scene of ours
  }
}
