/** A phone for tests: it stores as the H5 runtime does, answers requests as the test says, and records other calls. */

import { load, ofRuntime } from './load.mjs'

/** A browser's storage as far as the runtime uses it: entries are its own properties. */
class Entries {
  getItem = (key) => (Object.hasOwn(this, key) ? this[key] : null)
  setItem = (key, text) => void (this[key] = text)
  removeItem = (key) => void delete this[key]
}

globalThis.localStorage = new Entries()
const { storage } = await load({}, { storage: ofRuntime('wx/storage.ts') })

/** Calls that only show something: they are recorded, and succeed at once. */
const NOTED = ['showToast', 'setTabBarBadge', 'removeTabBarBadge', 'showShareMenu', 'navigateBack', 'switchTab', 'navigateTo', 'redirectTo']

export class Phone {
  /** Every request so far: `{ method, path, data, header, timeout }`, the path behind the server's address. */
  requests = []
  /** `[name, options]` of every other recorded call. */
  calls = []
  /** The server's answer: `(request) => ({ statusCode, data, header })`, or `{ errMsg }` if none comes. */
  server = () => ok({})

  constructor() {
    storage.clearStorageSync()
    const noted = Object.fromEntries(NOTED.map((name) => [name, (options) => this.note(name, options)]))
    globalThis.wx = { ...storage, ...noted, request: (options) => void this.#ask(options) }
  }

  note(name, options) {
    this.calls.push([name, options])
    options?.success?.({})
    options?.complete?.({})
  }

  /** The options of each call of this name. */
  told(name) {
    return this.calls.filter(([called]) => called === name).map(([, options]) => options)
  }

  /** The texts of the toasts so far. */
  get toasts() {
    return this.told('showToast').map(({ title }) => title)
  }

  /** Log in with this token, without a request. */
  logIn(token = 'token-of-a-member') {
    wx.setStorageSync('token', token)
  }

  async #ask({ url, method, data, header, timeout, success, fail }) {
    const { pathname, search } = new URL(url)
    const request = { method, path: pathname + search, data: data && JSON.parse(JSON.stringify(data)), header, timeout }
    this.requests.push(request)
    const answer = await this.server(request)
    if (answer.errMsg) fail(answer)
    else success({ header: {}, ...answer })
  }
}

/** An answer of 200 with this body. */
export const ok = (data, header = {}) => ({ statusCode: 200, data, header })

/** A refusal in the server's own envelope. */
export const refused = (statusCode, code, message = `${code}!`, detail = {}, header = {}) => ({
  statusCode,
  data: { error: { code, message, detail } },
  header,
})

/** No answer: the request or its answer was lost. */
export const lost = { errMsg: 'request:fail' }

/** Let pauses pass a hundred times as fast; returns the list of the pauses asked for, in milliseconds. */
export function hurry(context) {
  const asked = []
  const { setTimeout: wait } = globalThis
  globalThis.setTimeout = (run, ms) => {
    asked.push(ms)
    return wait(run, ms / 100)
  }
  context.after(() => (globalThis.setTimeout = wait))
  return asked
}
