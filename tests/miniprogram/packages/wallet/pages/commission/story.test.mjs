/** A commission in words. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../../../../support/load.mjs'

const { linesOf, story, toneOf, whenOf, whoOf } = await load('packages/wallet/pages/commission/story.ts')

const ONE = { state: 'frozen', state_label: '冻结中', level: 1, created_at: '2026-11-22T06:00:00Z', release_at: null, settled_at: null, reversed_at: null }
const [RELEASE, SETTLED, REVERSED] = ['2026-11-30T16:00:00Z', '2026-12-01T16:00:00Z', '2026-12-03T15:59:59Z']
const told = (changes) => story({ ...ONE, ...changes }).map(({ title, text, state }) => [title, text, state])
const EARNED = ['好友付款，佣金入账（冻结中）', '2026-11-22 14:00', 'done']

for (const [state, tone] of [['frozen', 'tag-gold'], ['settled', 'tag-good'], ['reversed', 'tag-plain'], ['held', '']]) {
  test(`${state} has the colour “${tone}”`, () => assert.equal(toneOf({ state }), tone))
}

test('whose order', () => assert.deepEqual([1, 2].map((level) => whoOf({ level })), ['好友的订单', '好友的好友的订单']))

for (const [changes, words] of [
  [{}, '2026-11-22 入账，好友收货后开始计算到账时间'],
  [{ release_at: RELEASE }, '预计 2026-12-01 到账'],
  [{ release_at: RELEASE, waits_for: 'refund', waits_label: '等退款' }, '等退款'],
  [{ state: 'settled', release_at: RELEASE, settled_at: SETTLED }, '2026-12-02 到账'],
  [{ state: 'reversed', release_at: RELEASE, reversed_at: REVERSED }, '2026-12-03 收回'],
  [{ state: 'reversed', settled_at: SETTLED, reversed_at: REVERSED }, '2026-12-03 收回'],
  [{ state: 'held', release_at: RELEASE }, '2026-11-22 入账'],
]) {
  test(`${JSON.stringify(changes)} is dated`, () => assert.equal(whenOf({ ...ONE, ...changes }), words))
}

test('frozen, with and without a date', () => {
  assert.deepEqual(told({}), [EARNED, ['观察期', '等好友确认收货', 'now'], ['解冻到账', '收货后开始计算日期', 'later']])
  assert.deepEqual(told({ release_at: RELEASE, waits_for: 'blocked', waits_label: '限制中' }), [EARNED, ['暂缓到账', '限制中', 'now'], ['解冻到账', '', 'later']])
  assert.deepEqual(told({ release_at: RELEASE }), [EARNED, ['观察期', '好友已收货，没有退款就会到账', 'now'], ['解冻到账', '预计 2026-12-01', 'later']])
})

test('settled', () => {
  assert.deepEqual(told({ state: 'settled', settled_at: SETTLED }), [EARNED, ['已到账，可以提现', '2026-12-02 00:00', 'now']])
  assert.deepEqual(told({ state: 'settled' })[1][1], '')
})

test('taken back before it was settled, and after', () => {
  const back = ['佣金已收回', '2026-12-03 23:59，好友的订单退款了', 'now']
  assert.deepEqual(told({ state: 'reversed', reversed_at: REVERSED }), [EARNED, back])
  assert.deepEqual(told({ state: 'reversed', settled_at: SETTLED, reversed_at: REVERSED }), [EARNED, ['已到账', '2026-12-02 00:00', 'done'], back])
  assert.equal(told({ state: 'reversed' })[1][1], '好友的订单退款了')
})

test('a state of a newer server’s is told in its words, and no money is promised', () => {
  assert.deepEqual(told({ state: 'held', state_label: '审核中', release_at: RELEASE }), [EARNED, ['审核中', '', 'now']])
})

test('each line is calculated, and capped where the order’s cap took some', () => {
  const line = (base_fen, earned_fen, amount_fen) => ({ title: '柿饼', why: '10%', base_fen, earned_fen, amount_fen })
  const lines = linesOf({ explanation: { lines: [line(10_000, 1000, 1000), line(100_000_000, 2, 1), line(0, 0, 0), line(100, 10, 0)] } })
  assert.deepEqual(lines.map(({ base, earned, capped }) => [base, earned, capped]), [
    ['¥100.00', '¥10.00', ''],
    ['¥1,000,000.00', '¥0.02', '¥0.01'],
    ['¥0.00', '¥0.00', ''],
    ['¥1.00', '¥0.10', '¥0.00'],
  ])
  assert.deepEqual([lines[0].title, lines[0].why], ['柿饼', '10%'])
  assert.deepEqual(linesOf({ explanation: { lines: [] } }), [])
})
