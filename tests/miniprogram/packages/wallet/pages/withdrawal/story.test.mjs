/** A withdrawal in words: it never says anything about money that is not true. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../../../../support/load.mjs'

const { confirmUntil, isLive, labelOf, nextOf, story, sumsOf, toneOf, totalOf } = await load('packages/wallet/pages/withdrawal/story.ts')

const at = (hour) => `2026-11-29T${String(hour).padStart(2, '0')}:00:00Z`
const GOOD_WAY = ['requested', 'approved', 'sent', 'confirming', 'paid']
const step = (state, hour) => ({ state, label: `服务器说${state}`, at: at(hour) })
/** A withdrawal in this state: all went well until here, or it ended after `reached` steps. */
function one(state, changes = {}, reached = GOOD_WAY.indexOf(state) + 1) {
  const steps = GOOD_WAY.slice(0, reached).map((name, hour) => step(name, hour))
  if (!GOOD_WAY.includes(state)) steps.push(step(state, reached))
  return { state, state_label: `服务器说${state}`, cancelling: false, why: null, steps, ...changes }
}
const told = (withdrawal) => story(withdrawal).map(({ title, text, state }) => [title, text, state])

for (const [state, live, tone, next] of [
  ['requested', true, 'tag-gold', '商城正在审核，结果会显示在下面'],
  ['approved', true, 'tag-gold', '审核通过，马上转账到微信'],
  ['sent', true, 'tag-gold', '正在等微信处理，通常很快就好'],
  ['confirming', true, '', '请在 11月30日 11:00 前确认收款，超时退回余额'],
  ['paid', false, 'tag-good', '钱已经到你的微信零钱'],
  ['rejected', false, 'tag-plain', '提现金额已全部退回余额，有待扣时先抵扣'],
  ['failed', false, 'tag-plain', '提现金额已全部退回余额，有待扣时先抵扣'],
  ['expired', false, 'tag-plain', '微信规定 24 小时内要确认收款，没有确认的已全部退回余额，有待扣时先抵扣，可以重新申请'],
  ['cancelled', false, 'tag-plain', '提现金额已全部退回余额，有待扣时先抵扣'],
  ['held', true, '', ''],
]) {
  test(`one that is ${state}`, () => {
    const withdrawal = one(state)
    assert.deepEqual([isLive(withdrawal), toneOf(withdrawal), nextOf(withdrawal), labelOf(withdrawal)], [live, tone, next, `服务器说${state}`])
  })
}

for (const state of ['approved', 'sent', 'confirming']) {
  test(`called off while it is ${state}, the money is not told as back yet`, () => {
    const withdrawal = one(state, { cancelling: true })
    assert.equal(labelOf(withdrawal), '正在取消')
    assert.match(nextOf(withdrawal), /^已请微信撤销，微信答复后余额会退回/)
    assert.deepEqual(told(withdrawal).filter(([, , when]) => when === 'later'), [])
  })
}

test('it can be confirmed for a day from when WeChat asked, and only then', () => {
  assert.equal(confirmUntil(one('confirming')), '11月30日 11:00')
  const late = one('confirming')
  late.steps[3].at = '2026-11-30T16:00:00Z'
  assert.equal(confirmUntil(late), '12月2日 00:00')
  assert.deepEqual([confirmUntil(one('sent')), confirmUntil(one('paid')), confirmUntil(one('expired', {}, 4))], ['', '', ''])
  assert.equal(confirmUntil(one('confirming', { steps: [] })), '')
})

test('what was, what is, and what is still to come', () => {
  assert.deepEqual(told(one('requested')), [
    ['已提交申请', '2026-11-29 08:00', 'now'],
    ['商城审核', '', 'later'],
    ['转账到微信', '', 'later'],
    ['确认收款', '', 'later'],
  ])
  assert.deepEqual(told(one('approved')).map(([title]) => title), ['已提交申请', '审核通过', '转账到微信', '确认收款'])
  assert.deepEqual(told(one('sent')).map(([title]) => title), ['已提交申请', '审核通过', '已交给微信转账', '确认收款'])
  assert.deepEqual(told(one('confirming')).slice(2), [
    ['已交给微信转账', '2026-11-29 10:00', 'done'],
    ['等你确认收款', '2026-11-29 11:00', 'now'],
    ['到账', '', 'later'],
  ])
})

test('the end of the good way is done, every other end is where it stands', () => {
  assert.deepEqual(told(one('paid')).at(-1), ['服务器说paid', '2026-11-29 12:00', 'done'])
  assert.equal(told(one('paid')).length, 5)
  for (const state of ['rejected', 'failed', 'expired', 'cancelled']) {
    assert.deepEqual(told(one(state, {}, 1)), [['已提交申请', '2026-11-29 08:00', 'done'], [`服务器说${state}`, '2026-11-29 09:00', 'now']])
  }
})

test('why stands at the last step', () => {
  assert.deepEqual(told(one('rejected', { why: '姓名不符' }, 1)).map(([, text]) => text), ['2026-11-29 08:00', '2026-11-29 09:00，姓名不符'])
})

test('without steps there is only what is to come', () => {
  assert.deepEqual(told(one('confirming', { steps: [], why: '原因' })), [['到账', '', 'later']])
})

for (const [amount_fen, fee_fen, tax_fen, sums] of [
  [10_000, 0, 0, ['提现金额 ¥100.00', '手续费 免费']],
  [10_000, 1, 0, ['提现金额 ¥100.00', '手续费 -¥0.01']],
  [100_000_000, 60_000, 1, ['提现金额 ¥1,000,000.00', '手续费 -¥600.00', '代扣税款 -¥0.01']],
]) {
  test(`the sum of ${amount_fen}, ${fee_fen} and ${tax_fen} fen`, () => {
    assert.deepEqual(sumsOf({ amount_fen, fee_fen, tax_fen }).map(({ label, text }) => `${label} ${text}`), sums)
  })
}

const SUM = { amount_fen: 1000, fee_fen: 15, tax_fen: 5, payout_fen: 980 }
for (const [state, label, fen, rows] of [
  ['requested', '应到账', 980, 3],
  ['confirming', '应到账', 980, 3],
  ['paid', '到账金额', 980, 3],
  ['rejected', '已退回', 1000, 1],
  ['failed', '已退回', 1000, 1],
  ['expired', '已退回', 1000, 1],
  ['cancelled', '已退回', 1000, 1],
]) {
  test(`one that is ${state} comes to ${label} ${fen}`, () => {
    assert.deepEqual(totalOf({ state, ...SUM }), { label, fen })
    assert.equal(sumsOf({ state, ...SUM }).length, rows)
  })
}
