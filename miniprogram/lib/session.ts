import { fromWx } from './failure'
import { forgetShare, shareCode, visitorId } from './origin'
import { send } from './transport'

export interface Binding {
  status: 'bound' | 'already_bound' | 'refused' | 'none'
  reason?: string | null
}

interface LoggedIn {
  token: string
  is_new: boolean
  binding: Binding
}

const TOKEN = 'token'
let going: Promise<string> | null = null
let bound: (() => void) | null = null

/** The token that is kept, '' for a guest. */
export function currentToken(): string {
  return wx.getStorageSync<string>(TOKEN) || ''
}

/** A token, by silent login where none is kept. */
export function ensureToken(): Promise<string> {
  const kept = currentToken()
  return kept ? Promise.resolve(kept) : logIn()
}

/** Another token in place of one the server refused; those who ask meanwhile share one login. */
export function renewToken(refused: string): Promise<string> {
  const kept = currentToken()
  return kept && kept !== refused ? Promise.resolve(kept) : logIn()
}

/** Log in by `wx.login`, telling the share one came by: whoever logs in through a card is bound to its sender. */
export function logIn(): Promise<string> {
  going ??= freshLogin().finally(() => {
    going = null
  })
  return going
}

export function logOut(): void {
  wx.removeStorageSync(TOKEN)
}

/** Be told when a login binds this member to the person whose share they came by. */
export function onBound(listener: () => void): void {
  bound = listener
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
  if (answer.binding.status === 'bound') bound?.()
  return answer.token
}

function loginCode(): Promise<string> {
  return new Promise((resolve, reject) => {
    wx.login({ success: (answer) => resolve(answer.code), fail: (error) => reject(fromWx(error)) })
  })
}
