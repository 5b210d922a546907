/** Why a call did not succeed, in the server's words, or in ours if there was no answer. */
export type FailureKind = 'offline' | 'timeout' | 'unavailable' | 'refused' | 'open_in_wechat'

export class Failure extends Error {
  constructor(
    readonly kind: FailureKind,
    /** The server's stable code; the same as `kind` if there was no answer. */
    readonly code: string,
    message: string,
    readonly status = 0,
    readonly detail: Record<string, unknown> = {},
    readonly retryAfterS = 0,
  ) {
    super(message)
  }
}

const OURS: Record<Exclude<FailureKind, 'refused'>, string> = {
  offline: '网络连接不上，请检查网络后重试',
  timeout: '网络有点慢，请稍后重试',
  unavailable: '服务正忙，请稍后再试',
  open_in_wechat: '登录、下单和支付请在微信小程序中进行',
}

/** A failure without an answer from the server. */
export function unheard(kind: Exclude<FailureKind, 'refused'>): Failure {
  return new Failure(kind, kind, OURS[kind])
}

/** The kind of a `wx.*` error, by its `errMsg`. */
export function fromWx(error: { errMsg?: string }): Failure {
  const text = error.errMsg ?? ''
  if (text.includes('open_in_wechat')) return unheard('open_in_wechat')
  return unheard(text.includes('timeout') ? 'timeout' : 'offline')
}

/** Turn anything that was thrown into a failure that can be shown. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  console.error(error)
  return new Failure('unavailable', 'unexpected', '出了点问题，请重试')
}

/** Show it in a toast. This is for actions, after which the page stays as it is. */
export function tell(error: unknown): void {
  void wx.showToast({ title: asFailure(error).message, icon: 'none', duration: 3000 })
}
