/** Idempotency keys: one request keeps one key until its result is known, and no longer. */

import assert from 'node:assert/strict'
import { beforeEach, mock, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone } from '../support/phone.mjs'

const MINUTE_MS = 60_000
const START = Date.parse('2026-11-22T06:00:00Z')
let keys

mock.timers.enable({ apis: ['Date'], now: START })
beforeEach(async () => {
  new Phone()
  mock.timers.setTime(START)
  keys = await load('lib/keys.ts')
})

test('a wish keeps its key until its outcome is known', () => {
  const first = keys.keyFor('one of these')
  assert.deepEqual(keys.keyFor('one of these'), first)
  keys.forget(first)
  assert.notEqual(keys.keyFor('one of these').value, first.value)
})

test('another wish has another key, and its outcome says nothing of the first', () => {
  const [first, second] = [keys.keyFor('["/orders",{"a":1}]'), keys.keyFor('["/orders",{"a":2}]')]
  assert.notEqual(second.value, first.value)
  assert.notEqual(second.name, first.name)
  keys.forget(second)
  assert.deepEqual(keys.keyFor('["/orders",{"a":1}]'), first)
})

test('the key is still there after the app was closed', async () => {
  const before = keys.keyFor('one of these')
  const reopened = await load('lib/keys.ts')
  assert.deepEqual(reopened.keyFor('one of these'), before)
})

test('pressing again and again keeps the key, coming back later does not', () => {
  const first = keys.keyFor('one of these')
  for (let presses = 0; presses < 3; presses += 1) {
    mock.timers.tick(15 * MINUTE_MS - 1)
    assert.equal(keys.keyFor('one of these').value, first.value)
  }
  mock.timers.tick(15 * MINUTE_MS)
  assert.notEqual(keys.keyFor('one of these').value, first.value)
})

for (const hours of [-5, 5]) {
  test(`a key from a clock that was put right by ${hours} h is not kept for ever`, () => {
    const first = keys.keyFor('one of these')
    mock.timers.setTime(START + hours * 60 * MINUTE_MS)
    assert.notEqual(keys.keyFor('one of these').value, first.value)
  })
}

test('a clock put back by a minute loses no key', () => {
  const first = keys.keyFor('one of these')
  mock.timers.setTime(START - MINUTE_MS)
  assert.equal(keys.keyFor('one of these').value, first.value)
})

test('keys that nobody asks for again do not stay on the device', () => {
  keys.keyFor('abandoned')
  mock.timers.tick(15 * MINUTE_MS)
  keys.keyFor('another')
  assert.equal(Object.keys(wx.getStorageSync('keys')).length, 1)
})

test('once everything is known nothing is kept', () => {
  const before = ['a', 'b'].map((wish) => keys.keyFor(wish).value)
  keys.forgetAll()
  assert.equal(wx.getStorageSync('keys'), '')
  assert.deepEqual(['a', 'b'].filter((wish, at) => keys.keyFor(wish).value === before[at]), [])
})

test('different wishes do not share a name', () => {
  const names = new Set()
  for (let number = 0; number < 300; number += 1) names.add(keys.keyFor(`["/orders",{"items":[{"sku_id":${number},"quantity":1}]}]`).name)
  assert.equal(names.size, 300)
  assert.notEqual(keys.keyFor('ab').name, keys.keyFor('ba').name)
  assert.notEqual(keys.keyFor('').name, keys.keyFor(' ').name)
})

test('words have the length asked for, plain letters, and do not repeat within a moment', () => {
  const words = Array.from({ length: 1000 }, () => keys.randomWord(24))
  assert.equal(new Set(words).size, 1000)
  for (const word of words) assert.match(word, /^[0-9a-z]{24}$/)
  assert.equal(keys.randomWord(4).length, 4)
})
