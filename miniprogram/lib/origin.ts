/** How this person came here: the share they opened, and the name their device goes by before they log in. */
import { randomWord } from './keys'

const VISITOR = 'visitor'
const SHARE = 'share'
const SHARE_CODE = /^[0-9A-Za-z]{4,16}$/

/** Made once and kept, so that openings before a login can be told to belong together. */
export function visitorId(): string {
  const kept = wx.getStorageSync<string>(VISITOR)
  if (kept) return kept
  const made = randomWord(24)
  wx.setStorageSync(VISITOR, made)
  return made
}

/** The share opened last, '' for none. */
export function shareCode(): string {
  return wx.getStorageSync<string>(SHARE) || ''
}

/** Remember the share in a page's query (`s=CODE`, or a poster's `scene=s%3DCODE`); its code when it is another one. */
export function rememberShare(query: Record<string, string | undefined>): string {
  const code = query.s ?? sceneOf(query).get('s') ?? ''
  if (!SHARE_CODE.test(code) || code === shareCode()) return ''
  wx.setStorageSync(SHARE, code)
  return code
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
