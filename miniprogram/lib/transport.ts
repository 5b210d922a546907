import { baseUrl } from '../config'
import { Failure, fromWx, unheard } from './failure'

/** The methods of `wx.request`; it has no PATCH. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface Sent {
  method: Method
  path: string
  body?: object
  /** A file of this device, sent as the form's field `file` in place of a body. */
  filePath?: string
  /** The answer is a file: the path of the stored file replaces the body. */
  asFile?: boolean
  header?: Record<string, string>
}

interface Answered {
  statusCode: number
  data: unknown
  header: WechatMiniprogram.IAnyObject
}

interface ErrorEnvelope {
  error?: { code: string; message: string; detail?: Record<string, unknown> }
}

const TIMEOUT_MS = 15_000

/** The address of a file of the server, or any absolute address, for `<image>` and downloads. */
export function absolute(path: string): string {
  return path.startsWith('/') ? baseUrl + path : path
}

/** One request and one answer: the body of a 2xx, or a Failure. Without tokens and retries. */
export function send<T>(sent: Sent): Promise<T> {
  if (sent.asFile) return takeFile(sent) as Promise<T>
  return sent.filePath === undefined ? sendBody(sent) : sendFile(sent, sent.filePath)
}

function sendBody<T>({ method, path, body, header }: Sent): Promise<T> {
  return new Promise((resolve, reject) => {
    wx.request({
      url: `${baseUrl}/api${path}`,
      method,
      data: body,
      header: { 'content-type': 'application/json', ...header },
      timeout: TIMEOUT_MS,
      success: (answer) => {
        if (answer.statusCode >= 200 && answer.statusCode < 300) resolve(answer.data as T)
        else reject(refusal(answer))
      },
      fail: (error) => reject(fromWx(error)),
    })
  })
}

function sendFile<T>({ path, header }: Sent, filePath: string): Promise<T> {
  return new Promise((resolve, reject) => {
    wx.uploadFile({
      url: `${baseUrl}/api${path}`,
      filePath,
      name: 'file',
      header,
      timeout: TIMEOUT_MS,
      success: ({ statusCode, data }) => {
        const answer = { statusCode, data: parsed(data), header: {} }
        if (statusCode >= 200 && statusCode < 300) resolve(answer.data as T)
        else reject(refusal(answer))
      },
      fail: (error) => reject(fromWx(error)),
    })
  })
}

function takeFile({ path, header }: Sent): Promise<string> {
  return new Promise((resolve, reject) => {
    wx.downloadFile({
      url: `${baseUrl}/api${path}`,
      header,
      timeout: TIMEOUT_MS * 2,
      success: ({ statusCode, tempFilePath }) => {
        if (statusCode === 200) resolve(tempFilePath)
        // The body of the error is in a file too. The status alone says whether to log in again.
        else reject(new Failure('unavailable', 'unavailable', unheard('unavailable').message, statusCode))
      },
      fail: (error) => reject(fromWx(error)),
    })
  })
}

/** The answer to an upload comes as text. It is not JSON if a proxy answered instead of the server. */
function parsed(text: string): object {
  try {
    return JSON.parse(text) as object
  } catch {
    return {}
  }
}

function refusal(answer: Answered): Failure {
  const told = (answer.data as ErrorEnvelope | undefined)?.error
  // A proxy may send a date instead of seconds. It is ignored: a phone's clock may be wrong.
  const retryAfterS = Number(answer.header['Retry-After'] ?? answer.header['retry-after']) || 0
  if (told) {
    // After a 5xx answer nobody knows whether the request was done, so it is not a refusal.
    const kind = answer.statusCode >= 500 ? 'unavailable' : 'refused'
    return new Failure(kind, told.code, told.message, answer.statusCode, told.detail ?? {}, retryAfterS)
  }
  return unheard('unavailable')
}
