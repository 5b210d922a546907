/** The share through which a visitor came, and the name of their device. */

import assert from 'node:assert/strict'
import { beforeEach, mock, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone } from '../support/phone.mjs'

const DAY_MS = 86_400_000
const START = Date.parse('2026-11-22T06:00:00Z')
let origin

mock.timers.enable({ apis: ['Date'], now: START })
beforeEach(async () => {
  new Phone()
  mock.timers.setTime(START)
  origin = await load('lib/origin.ts')
})

test('a device keeps its name', async () => {
  const name = origin.visitorId()
  assert.match(name, /^[0-9a-z]{24}$/)
  assert.equal(origin.visitorId(), name)
  assert.equal((await load('lib/origin.ts')).visitorId(), name)
  new Phone()
  assert.notEqual(origin.visitorId(), name)
})

/** A query and the code in it. */
const QUERIES = [
  [{}, ''],
  [{ s: 'ABCD' }, 'ABCD'],
  [{ s: 'ABCDEFGH12345678' }, 'ABCDEFGH12345678'],
  [{ s: 'ABC' }, ''],
  [{ s: 'ABCDEFGH123456789' }, ''],
  [{ s: '' }, ''],
  [{ s: "AB'CD" }, ''],
  [{ s: 'ABCD\nEFGH' }, ''],
  [{ scene: 's%3DABCD1234' }, 'ABCD1234'],
  [{ scene: 's=ABCD1234' }, 'ABCD1234'],
  [{ scene: encodeURIComponent('id=7&s=ABCD1234') }, 'ABCD1234'],
  [{ scene: encodeURIComponent('id=7') }, ''],
  [{ scene: '1011' }, ''],
  [{ scene: '%E0%A4%A' }, ''],
  [{ scene: '' }, ''],
  [{ s: 'ABCD1234', scene: 's%3DOTHER123' }, 'ABCD1234'],
]
for (const [query, code] of QUERIES) {
  test(`${JSON.stringify(query)} carries “${code}”`, () => assert.equal(origin.shareIn(query), code))
}

test('the share opened last is kept for 30 days', () => {
  assert.equal(origin.shareCode(), '')
  origin.keepShare('FIRST000')
  origin.keepShare('SECOND00')
  assert.equal(origin.shareCode(), 'SECOND00')
  mock.timers.tick(30 * DAY_MS - 1)
  assert.equal(origin.shareCode(), 'SECOND00')
  mock.timers.tick(1)
  assert.equal(origin.shareCode(), '')
})

test('a share opened by a clock that was ahead is kept', () => {
  origin.keepShare('ABCD1234')
  mock.timers.setTime(START - 9 * 3600_000)
  assert.equal(origin.shareCode(), 'ABCD1234')
})

test('only the share that was told is forgotten', () => {
  origin.keepShare('FIRST000')
  origin.forgetShare('SECOND00')
  assert.equal(origin.shareCode(), 'FIRST000')
  origin.forgetShare('')
  assert.equal(origin.shareCode(), 'FIRST000')
  origin.forgetShare('FIRST000')
  assert.equal(origin.shareCode(), '')
})
