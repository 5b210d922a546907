/** A rebate in words: its state, how it is paid, who counted, how it was calculated. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../../../../support/load.mjs'

const { form, friends, steps, story } = await load('packages/referral/pages/rebate/story.ts')

const REBATE = {
  state: 'frozen',
  state_label: '冻结中',
  pay_as: 'balance',
  withdrawable: true,
  closed_at: '2026-11-22T06:00:00Z',
  release_at: null,
  settled_at: null,
  reversed_at: null,
}
const told = (changes) => story({ ...REBATE, ...changes }).map(({ title, text, state }) => [title, text, state])
const CLOSED = ['返还产生，先冻结', '2026-11-22 14:00', 'done']

test('frozen until the goods are received: no date is promised', () => {
  assert.deepEqual(told({}), [CLOSED, ['观察期', '等这一轮的订单都确认收货', 'now'], ['解冻到账', '收货后开始计算日期', 'later']])
})

test('frozen with a date, which is China’s day', () => {
  assert.deepEqual(told({ release_at: '2026-11-30T16:00:00Z' }), [
    CLOSED,
    ['观察期', '相关订单都已收货，没有退款就会到账', 'now'],
    ['解冻到账', '预计 2026-12-01', 'later'],
  ])
})

test('a rebate by coupon is issued', () => {
  assert.equal(told({ pay_as: 'coupon' })[2][0], '发放优惠券')
  assert.equal(told({ pay_as: 'coupon', state: 'settled', settled_at: '2026-11-30T16:00:00Z' })[1][0], '优惠券已发放')
})

test('settled', () => {
  assert.deepEqual(told({ state: 'settled', settled_at: '2026-11-30T16:00:00Z' }), [CLOSED, ['已到账', '2026-12-01 00:00', 'now']])
  assert.deepEqual(told({ state: 'settled' })[1], ['已到账', '', 'now'])
})

test('taken back before it was settled, and after', () => {
  const reversed = { state: 'reversed', reversed_at: '2026-11-30T16:00:00Z' }
  const back = ['返还已收回', '2026-12-01 00:00，相关订单退款或不再符合条件', 'now']
  assert.deepEqual(told(reversed), [CLOSED, back])
  assert.deepEqual(told({ ...reversed, settled_at: '2026-11-25T06:00:00Z' }), [CLOSED, ['已到账', '2026-11-25 14:00', 'done'], back])
  assert.equal(told({ state: 'reversed' })[1][1], '相关订单退款或不再符合条件')
})

test('a state of a newer server’s is told in its words, and no money is promised', () => {
  assert.deepEqual(told({ state: 'held', state_label: '审核中', release_at: '2026-11-30T16:00:00Z' }), [CLOSED, ['审核中', '', 'now']])
})

for (const [pay_as, withdrawable, words] of [
  ['balance', true, '余额，可提现'],
  ['balance', false, '余额，下单时抵扣'],
  ['coupon', false, '优惠券'],
  ['coupon', true, '优惠券'],
]) {
  test(`paid as ${pay_as}, withdrawable ${withdrawable}`, () => assert.equal(form({ pay_as, withdrawable }), words))
}

const friend = (nickname, amount_fen, received_at = null) => ({ nickname, paid_at: '2026-11-22T16:00:00Z', received_at, amount_fen })
const shares = (...amounts) => friends({ explanation: { qualifications: amounts.map((fen, at) => friend(String(at), fen)) } }).map(({ share }) => share)

test('who counted, when they paid and received', () => {
  const qualifications = [friend('小满', 0), friend('谷雨', 0, '2026-11-30T16:00:00Z')]
  assert.deepEqual(friends({ explanation: { qualifications } }), [
    { name: '小满', when: '2026-11-23 00:00 付款，待收货', share: '' },
    { name: '谷雨', when: '2026-11-23 00:00 付款，2026-12-01 收货', share: '' },
  ])
  assert.deepEqual(friends({ explanation: { qualifications: [] } }), [])
})

test('what each brought is told only where it comes in stages', () => {
  assert.deepEqual(shares(0, 0, 9900), ['', '', ''])
  assert.deepEqual(shares(3300, 3300, 3300), ['+¥33.00', '+¥33.00', '+¥33.00'])
  assert.deepEqual(shares(1, 1, 0), ['+¥0.01', '+¥0.01', '+¥0.00'])
})

test('a sum starts with an amount, then it is changed', () => {
  const list = [{ label: '实付', amount_fen: 10_000 }, { label: '上限', amount_fen: -1 }, { label: '补', amount_fen: 1 }]
  assert.deepEqual(steps({ explanation: { steps: list } }).map(({ amount }) => amount), ['¥100.00', '-¥0.01', '+¥0.01'])
  assert.deepEqual(steps({ explanation: { steps: [] } }), [])
})
