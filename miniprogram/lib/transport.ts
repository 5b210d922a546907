import { baseUrl } from '../config'
import { Failure, fromWx, unheard } from './failure'

/** What `wx.request` can send; it knows no PATCH. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface Sent {
  method: Method
  path: string
  body?: object
  /** A file of this device to hand in as the form's field `file`, in place of a body. */
  filePath?: string
  /** What is answered is a file: the path at which it is kept comes in place of a body. */
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

/** A file of the server, or any absolute address, as `<image>` and downloads take it. */
export function absolute(path: string): string {
  return path.startsWith('/') ? baseUrl + path : path
}

/** One request, one answer: the body of a 2xx, or a Failure. Knows nothing of tokens or retries. */
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
        // What was said instead lies in a file, too; the status alone tells whether to log in anew.
        else reject(new Failure('unavailable', 'unavailable', unheard('unavailable').message, statusCode))
      },
      fail: (error) => reject(fromWx(error)),
    })
  })
}

/** What an upload answers comes as text, and is no JSON where something between us and the server answered. */
function parsed(text: string): object {
  try {
    return JSON.parse(text) as object
  } catch {
    return {}
  }
}

function refusal(answer: Answered): Failure {
  const told = (answer.data as ErrorEnvelope | undefined)?.error
  // What stands between us and the server may give a date: that is no number, and a phone's clock cannot tell how far off.
  const retryAfterS = Number(answer.header['Retry-After'] ?? answer.header['retry-after']) || 0
  if (told) {
    // After trouble of the server's own nobody knows what was done: that is no refusal.
    const kind = answer.statusCode >= 500 ? 'unavailable' : 'refused'
    return new Failure(kind, told.code, told.message, answer.statusCode, told.detail ?? {}, retryAfterS)
  }
  return unheard('unavailable')
}
