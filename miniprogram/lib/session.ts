import { fromWx } from './failure'
import { forgetShare, shareCode, visitorId } from './origin'
import { send } from './transport'

export interface Binding {
  status: 'bound' | 'pending' | 'already_bound' | 'refused' | 'none'
  reason?: string | null
}

interface LoggedIn {
  token: string
  is_new: boolean
  binding: Binding
}

const TOKEN = 'token'
let going: Promise<string> | null = null
let asked: (() => void) | null = null

/** The stored token, '' for a guest. */
export function currentToken(): string {
  return wx.getStorageSync<string>(TOKEN) || ''
}

/** The stored token, or a new one by a silent login. */
export function ensureToken(): Promise<string> {
  const kept = currentToken()
  return kept ? Promise.resolve(kept) : logIn()
}

/** A new token in place of one that the server refused. Callers at the same time share one login. */
export function renewToken(refused: string): Promise<string> {
  const kept = currentToken()
  return kept && kept !== refused ? Promise.resolve(kept) : logIn()
}

/** Log in with `wx.login` and send the share that was opened: the login binds the member to its sender. */
export function logIn(): Promise<string> {
  going ??= freshLogin().finally(() => {
    going = null
  })
  return going
}

export function logOut(): void {
  wx.removeStorageSync(TOKEN)
}

/** Call `listener` when a login binds this member to the sender of a share, or keeps that wish while a payment is open. */
export function onAsked(listener: () => void): void {
  asked = listener
}

async function freshLogin(): Promise<string> {
  const code = await loginCode()
  const share = shareCode()
  const answer = await send<LoggedIn>({
    method: 'POST',
    path: '/login',
    body: { code, visitor_id: visitorId(), ...(share ? { share_code: share } : {}) },
  })
  wx.setStorageSync(TOKEN, answer.token)
  forgetShare(share)
  if (['bound', 'pending'].includes(answer.binding.status)) asked?.()
  return answer.token
}

function loginCode(): Promise<string> {
  return new Promise((resolve, reject) => {
    wx.login({ success: (answer) => resolve(answer.code), fail: (error) => reject(fromWx(error)) })
  })
}
