/** Someone opens the shop: by an icon, a card, a poster, a link. */
import * as shares from '../api/shares'
import { Failure, asFailure } from './failure'
import { rememberShare, shareCode, visitorId } from './origin'
import { currentToken, logIn, onBound } from './session'

type Opened = Pick<WechatMiniprogram.App.LaunchShowOption, 'query' | 'scene' | 'shareTicket'>

let greeting = ''
let greet: ((line: string) => void) | null = null

/**
 * Log in silently, through the share where there is one, then tell the share that it was opened. A visitor who cannot
 * log in (in a browser outside WeChat, or without network) looks around as a guest and is asked again when it matters.
 */
export async function arrive(opened: Opened): Promise<void> {
  const fresh = rememberShare(opened.query)
  if (!fresh && currentToken()) return
  await quietly(logIn)
  if (fresh) await quietly(() => touch(fresh, opened))
}

/** Hear the line that welcomes who was bound just now; at most one page listens. */
export function onGreeting(listener: ((line: string) => void) | null): void {
  greet = listener
  if (greeting) listener?.(greeting)
}

export function dismissGreeting(): void {
  greeting = ''
}

onBound(() => {
  void quietly(async () => {
    const { sharer } = await shares.landing(shareCode())
    greeting = `欢迎！你是通过「${sharer}」的分享来的，首单完成会为 TA 计上一位`
    greet?.(greeting)
  })
})

async function touch(code: string, opened: Opened): Promise<void> {
  const group = opened.shareTicket ? await groupOf() : undefined
  await shares.touch(code, { visitor_id: visitorId(), scene: opened.scene, ...(group ? { group } : {}) })
}

/** The chat group a card was opened in, encrypted; only the server can read it. */
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
    const failure: Failure = asFailure(error)
    console.info('arrival:', failure.code)
  }
}
