/** Why a call did not succeed, in the server's words or, where none came, in ours. */
export type FailureKind = 'offline' | 'timeout' | 'unavailable' | 'refused' | 'open_in_wechat'

export class Failure extends Error {
  constructor(
    readonly kind: FailureKind,
    /** The server's stable code; equal to `kind` where the server did not speak. */
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

/** A failure of which the server said nothing. */
export function unheard(kind: Exclude<FailureKind, 'refused'>): Failure {
  return new Failure(kind, kind, OURS[kind])
}

/** What `wx.*` reports when it fails, told apart by its `errMsg`. */
export function fromWx(error: { errMsg?: string }): Failure {
  const text = error.errMsg ?? ''
  if (text.includes('open_in_wechat')) return unheard('open_in_wechat')
  return unheard(text.includes('timeout') ? 'timeout' : 'offline')
}

/** Any thrown thing as a failure that can be shown. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  console.error(error)
  return new Failure('unavailable', 'unexpected', '出了点问题，请重试')
}

/** Tell it in a toast: for actions, whose page stays as it is. */
export function tell(error: unknown): void {
  void wx.showToast({ title: asFailure(error).message, icon: 'none', duration: 3000 })
}
