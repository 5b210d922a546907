import { Failure } from './failure'
import { forget, keyFor } from './keys'
import { currentToken, ensureToken, renewToken } from './session'
import { Method, Sent, send } from './transport'

type Query = Record<string, string | number | boolean | null | undefined>

/** The caller: `member` logs in silently first, `guest` sends a token if there is one. */
export type Caller = 'member' | 'guest'

const TRIES = 3
const PAUSE_MS = 400

/** Read. It is safe to repeat, so a short network failure is repeated. */
export function get<T>(path: string, query: Query = {}, caller: Caller = 'member'): Promise<T> {
  return patiently(() => authorised<T>({ method: 'GET', path: path + queryString(query) }, caller))
}

/** Do something. It is not repeated automatically: the person decides. */
export function act<T>(method: Method, path: string, body: object = {}, caller: Caller = 'member'): Promise<T> {
  return authorised<T>({ method, path, body }, caller)
}

/** Upload a file of this device. */
export function upload<T>(path: string, filePath: string): Promise<T> {
  return authorised<T>({ method: 'POST', path, filePath }, 'member')
}

/** Download a file that the server makes for the caller; returns its path on this device. */
export function download(path: string, query: Query = {}): Promise<string> {
  return patiently(() => authorised<string>({ method: 'GET', path: path + queryString(query), asFile: true }, 'member'))
}

/**
 * Do something with value, under an idempotency key that is kept on the device until the result is known. If the
 * answer is lost and the person presses again, even after a restart, the server does it only once.
 * `about` is what the request depends on besides its body.
 */
export async function actOnce<T>(path: string, body: object = {}, about: unknown = null): Promise<T> {
  const key = keyFor(JSON.stringify([path, body, about]))
  const sent: Sent = { method: 'POST', path, body, header: { 'Idempotency-Key': key.value } }
  try {
    const answer = await patiently(() => authorised<T>(sent, 'member'))
    forget(key)
    return answer
  } catch (error) {
    if (error instanceof Failure && error.kind === 'refused') forget(key)
    throw error
  }
}

async function authorised<T>(sent: Sent, caller: Caller): Promise<T> {
  const token = caller === 'member' ? await ensureToken() : currentToken()
  try {
    return await send<T>(bearing(sent, token))
  } catch (error) {
    if (!(error instanceof Failure) || error.status !== 401 || !token) throw error
    return send<T>(bearing(sent, await renewToken(token)))
  }
}

function bearing(sent: Sent, token: string): Sent {
  return token ? { ...sent, header: { ...sent.header, Authorization: `Bearer ${token}` } } : sent
}

async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt()
    } catch (error) {
      const again = error instanceof Failure && ['offline', 'timeout', 'unavailable'].includes(error.kind)
      if (!again || tried === TRIES || (error as Failure).retryAfterS > 5) throw error
      await pause(Math.max(PAUSE_MS * tried, (error as Failure).retryAfterS * 1000))
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function queryString(query: Query): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
  return pairs.length ? `?${pairs.join('&')}` : ''
}
