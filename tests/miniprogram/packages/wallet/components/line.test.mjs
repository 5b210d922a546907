/** One entry of the wallet. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { mount } from '../../../support/component.mjs'
import { Phone } from '../../../support/phone.mjs'

const LINE = { time: '2026-11-30T16:00:00Z', available_delta_fen: 0, frozen_delta_fen: 0, debt_delta_fen: 0, available_after_fen: 0, link: '' }
const line = (changes) => mount('packages/wallet/components/line/index.ts', { line: { ...LINE, ...changes } })
let phone

beforeEach(() => {
  phone = new Phone()
  globalThis.getCurrentPages = () => [{}]
})

for (const [changes, available, gain, others, after] of [
  [{}, '', false, [], '余额 ¥0.00'],
  [{ available_delta_fen: 1, available_after_fen: 1 }, '+¥0.01', true, [], '余额 ¥0.01'],
  [{ available_delta_fen: -100_000_000, available_after_fen: 5 }, '-¥1,000,000.00', false, [], '余额 ¥0.05'],
  [{ available_delta_fen: 1, frozen_delta_fen: -1 }, '+¥0.01', true, ['冻结 -¥0.01'], '余额 ¥0.00'],
  [{ frozen_delta_fen: 300, debt_delta_fen: 20 }, '', false, ['冻结 +¥3.00', '待抵扣 +¥0.20'], '余额 ¥0.00'],
]) {
  test(JSON.stringify(changes), async () => {
    const { data } = await line(changes)
    assert.deepEqual([data.available, data.gain, data.others, data.after], [available, gain, others, after])
  })
}

test('its time is China’s', async () => assert.equal((await line({})).data.when, '12月1日 00:00'))

test('it leads to what it is about, where that has a page', async () => {
  ;(await line({ link: 'order:T1' })).tap('open')
  ;(await line({ link: '' })).tap('open')
  ;(await line({ link: 'voucher:1' })).tap('open')
  assert.deepEqual(phone.told('navigateTo').map(({ url }) => url), ['/packages/order/pages/detail/index?order_no=T1'])
})
