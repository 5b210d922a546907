/** Times in Shanghai on any phone, and the server's clock on a phone whose own clock is wrong. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'

import { load } from '../support/load.mjs'

const ZONES = ['Asia/Shanghai', 'UTC', 'America/Los_Angeles', 'Pacific/Kiritimati']
const HOUR_MS = 3600_000
const home = process.env.TZ
let time

beforeEach(async () => {
  time = await load('lib/time.ts')
})

afterEach(() => {
  mock.timers.reset()
  if (home === undefined) delete process.env.TZ
  else process.env.TZ = home
})

/** moment · day · minute · short minute · month */
const MOMENTS = [
  ['2026-11-22T06:05:00Z', '2026-11-22', '2026-11-22 14:05', '11月22日 14:05', '2026-11'],
  ['2026-11-22T15:59:59Z', '2026-11-22', '2026-11-22 23:59', '11月22日 23:59', '2026-11'],
  ['2026-11-22T16:00:00Z', '2026-11-23', '2026-11-23 00:00', '11月23日 00:00', '2026-11'],
  ['2026-11-30T15:59:59.999Z', '2026-11-30', '2026-11-30 23:59', '11月30日 23:59', '2026-11'],
  ['2026-11-30T16:00:00Z', '2026-12-01', '2026-12-01 00:00', '12月1日 00:00', '2026-12'],
  ['2026-12-31T16:00:00Z', '2027-01-01', '2027-01-01 00:00', '1月1日 00:00', '2027-01'],
  ['2028-02-28T16:00:00Z', '2028-02-29', '2028-02-29 00:00', '2月29日 00:00', '2028-02'],
  ['2026-03-01T00:00:00+08:00', '2026-03-01', '2026-03-01 00:00', '3月1日 00:00', '2026-03'],
  ['2026-02-28T23:59:59+08:00', '2026-02-28', '2026-02-28 23:59', '2月28日 23:59', '2026-02'],
  ['2026-03-08T10:30:00.123456Z', '2026-03-08', '2026-03-08 18:30', '3月8日 18:30', '2026-03'],
]

for (const zone of ZONES) {
  for (const [iso, day, minute, short, month] of MOMENTS) {
    test(`${iso} on a phone in ${zone}`, () => {
      process.env.TZ = zone
      assert.equal(time.day(iso), day)
      assert.equal(time.minute(iso), minute)
      assert.equal(time.shortMinute(iso), short)
      assert.equal(time.monthOf(Date.parse(iso)), month)
    })
  }
}

const NOW = Date.parse('2026-11-22T06:00:00Z')
const after = (seconds) => new Date(NOW + seconds * 1000).toISOString()

const LEFT = [
  [-1, '00:00'],
  [-86_400, '00:00'],
  [0, '00:00'],
  [0.999, '00:00'],
  [1, '00:01'],
  [59, '00:59'],
  [60, '01:00'],
  [899, '14:59'],
  [3599, '59:59'],
  [3600, '1小时00分'],
  [3600 * 2 + 3 * 60 + 59, '2小时03分'],
  [86_399, '23小时59分'],
  [86_400, '1天00小时'],
  [86_400 * 3 + 4 * 3600 + 3599, '3天04小时'],
  [86_400 * 45, '45天00小时'],
]
for (const [seconds, words] of LEFT) {
  test(`${seconds} s are left`, () => {
    mock.timers.enable({ apis: ['Date'], now: NOW })
    assert.equal(time.remaining(after(seconds)), words)
  })
}

for (const hours of [-9, -0.5, 0, 0.5, 9, 24 * 400]) {
  test(`a phone whose clock is ${hours} h ahead counts by the server's`, () => {
    mock.timers.enable({ apis: ['Date'], now: NOW + hours * HOUR_MS })
    time.learnClock(new Date(NOW).toISOString())
    assert.equal(time.now(), NOW)
    assert.equal(time.remaining(after(600)), '10:00')
    mock.timers.tick(600_000)
    assert.equal(time.now(), NOW + 600_000)
    assert.equal(time.remaining(after(600)), '00:00')
  })
}

test('the last answer tells the clock', () => {
  mock.timers.enable({ apis: ['Date'], now: NOW })
  time.learnClock(after(-7200))
  time.learnClock(after(30))
  assert.equal(time.now(), NOW + 30_000)
})

test('before any answer the phone is believed', () => {
  mock.timers.enable({ apis: ['Date'], now: NOW })
  assert.equal(time.now(), NOW)
})
