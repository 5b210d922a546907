/** Opening pages: each in the right way, and only once for several taps. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone } from '../support/phone.mjs'

let phone
let lib

/** Let this many pages be open. */
const deep = (pages) => (globalThis.getCurrentPages = () => Array(pages).fill({}))

beforeEach(async () => {
  phone = new Phone()
  deep(1)
  lib = await load('lib/go.ts')
})

for (const [path, pages, call, url] of [
  ['/pages/cart/index', 1, 'switchTab', '/pages/cart/index'],
  ['/pages/index/index?s=ABCD', 1, 'switchTab', '/pages/index/index'],
  ['/pages/product/index?id=7', 1, 'navigateTo', '/pages/product/index?id=7'],
  ['/pages/product/index?id=7', 9, 'navigateTo', '/pages/product/index?id=7'],
  ['/pages/product/index?id=7', 10, 'redirectTo', '/pages/product/index?id=7'],
  ['/pages/mine/index', 10, 'switchTab', '/pages/mine/index'],
  ['/pages/cart/indexes', 1, 'navigateTo', '/pages/cart/indexes'],
]) {
  test(`${path} on top of ${pages} is opened by ${call}`, () => {
    deep(pages)
    lib.go(path)
    assert.deepEqual(phone.calls.map(([name, options]) => [name, options.url]), [[call, url]])
  })
}

test('a double tap opens one page; once it is there the next one opens', () => {
  const opening = []
  wx.navigateTo = (options) => opening.push(options)
  lib.go('/pages/product/index?id=1')
  lib.go('/pages/product/index?id=1')
  assert.equal(opening.length, 1)
  opening[0].complete()
  lib.go('/pages/product/index?id=2')
  assert.equal(opening.length, 2)
})

test('a page that cannot be fetched is told, and another tap tries again', () => {
  wx.navigateTo = ({ fail, complete }) => {
    fail({})
    complete()
  }
  lib.go('/pages/product/index?id=1')
  lib.go('/pages/product/index?id=1')
  assert.deepEqual(phone.toasts, Array(2).fill('网络连接不上，请检查网络后重试'))
})

test('what the page tells is heard', () => {
  const events = { chosen: () => undefined }
  lib.go('/pages/product/index', events)
  assert.equal(phone.calls[0][1].events, events)
})

test('back goes to the page below, or home', async () => {
  deep(2)
  await lib.back()
  deep(1)
  await lib.back()
  assert.deepEqual(phone.calls.map(([name, options]) => [name, options?.url]), [['navigateBack', undefined], ['switchTab', '/pages/index/index']])
})
