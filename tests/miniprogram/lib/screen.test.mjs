/** What a page shows while it loads its data or cannot load them. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone } from '../support/phone.mjs'

const lib = await load({ screen: 'lib/screen.ts', failure: 'lib/failure.ts' })
const { LOADING, show } = lib.screen
const offline = () => Promise.reject(lib.failure.unheard('offline'))
let phone

beforeEach(() => {
  phone = new Phone()
})

function page(phase = 'loading') {
  const made = { data: { screen: { ...LOADING, phase } }, setData: (changes) => void Object.assign(made.data, changes) }
  return made
}

/** A promise and the functions that fulfil and reject it. */
function answer() {
  let give
  let fail
  const promise = new Promise((resolve, reject) => ([give, fail] = [resolve, reject]))
  return { promise, give, fail }
}

test('what came is shown', async () => {
  const shown = page()
  await show(shown, async () => ({ words: 'a' }))
  assert.deepEqual(shown.data, { words: 'a', screen: { phase: 'ready', problem: null } })
})

test('nothing to see is told apart', async () => {
  for (const [count, phase] of [[0, 'empty'], [1, 'ready']]) {
    const shown = page()
    await show(shown, async () => ({ items: Array(count) }), ({ items }) => !items.length)
    assert.equal(shown.data.screen.phase, phase)
  }
})

test('a first loading that fails leaves its sentence in place of the page', async () => {
  const shown = page()
  await show(shown, offline)
  assert.deepEqual(shown.data.screen, { phase: 'error', problem: { kind: 'offline', message: '网络连接不上，请检查网络后重试' } })
  assert.deepEqual(phone.toasts, [])
})

test('what is on the screen stays when it cannot be loaded anew', async () => {
  const shown = page()
  await show(shown, async () => ({ words: 'a' }))
  await show(shown, offline)
  assert.deepEqual([shown.data.words, shown.data.screen.phase, phone.toasts], ['a', 'ready', ['网络连接不上，请检查网络后重试']])
})

test('another try after a failure succeeds', async () => {
  const shown = page('error')
  await show(shown, async () => ({ words: 'a' }))
  assert.deepEqual(shown.data.screen, { phase: 'ready', problem: null })
})

test('of two loadings the later one is shown, whichever ends last', async () => {
  const shown = page()
  const [old, fresh] = [answer(), answer()]
  const both = [show(shown, () => old.promise), show(shown, () => fresh.promise)]
  fresh.give({ words: 'fresh' })
  old.give({ words: 'old' })
  await Promise.all(both)
  assert.deepEqual([shown.data.words, shown.data.screen.phase], ['fresh', 'ready'])
})

test('a loading that fails late does not take away what a later one brought', async () => {
  const shown = page()
  const late = answer()
  const both = [show(shown, () => late.promise), show(shown, async () => ({ words: 'fresh' }))]
  await both[1]
  late.fail(lib.failure.unheard('offline'))
  await both[0]
  assert.deepEqual([shown.data.words, shown.data.screen.phase, phone.toasts], ['fresh', 'ready', []])
})

test('pages do not disturb each other', async () => {
  const [one, other] = [page(), page()]
  const late = answer()
  const going = show(one, () => late.promise)
  await show(other, async () => ({ words: 'other' }))
  late.give({ words: 'one' })
  await going
  assert.deepEqual([one.data.words, other.data.words], ['one', 'other'])
})
