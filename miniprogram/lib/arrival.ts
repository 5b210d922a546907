/** What happens when someone opens the shop: from an icon, a card, a poster, a link. */
import { Referral, referral } from '../api/referral'
import * as shares from '../api/shares'
import { asFailure } from './failure'
import { keepShare, shareCode, shareIn, visitorId } from './origin'
import { currentToken, logIn, onAsked } from './session'

type Opened = Pick<WechatMiniprogram.App.LaunchShowOption, 'query' | 'scene' | 'shareTicket'>

/** `waits`: nothing is decided yet. `line` is '' when there is nothing to say. */
export interface Greeting {
  line: string
  waits: boolean
}

const NOTHING: Greeting = { line: '', waits: false }
let greeting = NOTHING
let greet: ((greeting: Greeting) => void) | null = null
/** The share that was already reported: coming back from another app shows the same query again. */
let told = ''

/**
 * Log in silently, through the share if there is one, then report that the share was opened. A visitor who cannot
 * log in (in a browser outside WeChat, or without network) is a guest, and is asked to log in when it is needed.
 */
export async function arrive(opened: Opened): Promise<void> {
  const code = shareIn(opened.query)
  const fresh = code !== told
  if (code && fresh) keepShare(code)
  if (!shareCode() && currentToken()) return
  await quietly(logIn)
  if (code && fresh) await quietly(() => touch(code, opened))
}

/** Call `listener` when a visitor has just been bound, or has to wait for it. Only one page can listen. */
export function onGreeting(listener: ((greeting: Greeting) => void) | null): void {
  greet = listener
  listener?.(greeting)
}

export function dismissGreeting(): void {
  greeting = NOTHING
}

onAsked(() => {
  void quietly(async () => {
    const found = greetingFor(await referral())
    if (!found) return
    greeting = found
    greet?.(greeting)
  })
})

/** The referrer is perhaps not the sender of this card: an earlier share may count. */
function greetingFor({ referrer, binding_waits }: Referral): Greeting | null {
  if (!referrer) return binding_waits ? { line: binding_waits, waits: true } : null
  const welcome = referrer.welcome ? `，${referrer.welcome}` : ''
  return { line: `欢迎！你是通过「${referrer.nickname}」的分享来的${welcome}`, waits: false }
}

async function touch(code: string, opened: Opened): Promise<void> {
  const group = opened.shareTicket ? await groupOf() : undefined
  try {
    await shares.touch(code, { visitor_id: visitorId(), scene: opened.scene, ...(group ? { group } : {}) })
  } catch (error) {
    if (asFailure(error).kind !== 'refused') throw error // a lost request is tried again, a refused one is not
  }
  told = code
}

/** The chat group in which a card was opened, encrypted: only the server can read it. */
function groupOf(): Promise<{ encrypted_data: string; iv: string } | undefined> {
  return new Promise((resolve) => {
    wx.getGroupEnterInfo({
      success: ({ encryptedData, iv }) => resolve({ encrypted_data: encryptedData, iv }),
      fail: () => resolve(undefined),
    })
  })
}

async function quietly(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    console.info('arrival:', asFailure(error).code)
  }
}
