/** The steps of a price, with the server's own sums. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { mount } from '../../../support/component.mjs'

const PRICED = {
  lines: [{ title: '柿饼', spec: { 规格: '400g' }, quantity: 2, unit_price_fen: 1000, amount_fen: 2000 }],
  items_fen: 2000,
  discounts: [],
  freight_fen: 0,
  balance_fen: 0,
  cash_due_fen: 2000,
  why: [],
  combines: [],
  counts: [],
}
const drawn = async (changes = {}, whole = true) => (await mount('packages/order/components/price-why/index.ts', { priced: { ...PRICED, ...changes }, whole })).data
const steps = async (changes) => (await drawn(changes)).steps.map(({ kind, label, amount }) => `${kind} ${label} ${amount}`)

test('the plainest price', async () => {
  assert.deepEqual(await steps({}), ['line 柿饼 400g，¥10.00 × 2 ¥20.00', 'sum 商品金额 ¥20.00', 'sum 运费 免运费', 'end 微信支付 ¥20.00'])
})

test('everything that changes it, in the order of the sum', async () => {
  const discounts = [{ kind: 'level', label: '会员价', amount_fen: 100 }, { kind: 'coupon', label: '优惠券', amount_fen: 1 }]
  assert.deepEqual((await steps({ discounts, freight_fen: 800, balance_fen: 2699, cash_due_fen: 0 })).slice(1), [
    'sum 商品金额 ¥20.00',
    'off 会员价 -¥1.00',
    'off 优惠券 -¥0.01',
    'sum 运费 +¥8.00',
    'off 余额抵扣 -¥26.99',
    'end 微信支付 ¥0.00',
  ])
})

test('why is told where the server says so', async () => {
  const why = [{ label: '运费', detail: '满 99 元包邮', amount_fen: 0 }, { label: '优惠券', detail: '满减', amount_fen: 1 }]
  const { steps: told } = await drawn({ why, discounts: [{ kind: 'coupon', label: '优惠券', amount_fen: 1 }] })
  assert.deepEqual(told.map(({ label, detail }) => [label, detail]).slice(2, 4), [['优惠券', '满减'], ['运费', '满 99 元包邮']])
})

test('folded it leaves out the goods and the reasons, never a part of the sum', async () => {
  const level = { kind: 'level', label: '银卡会员', amount_fen: 2600 }
  const why = [{ label: '银卡会员', detail: '会员价 9.8 折', amount_fen: -2600 }]
  const folded = await drawn({ items_fen: 129_900, discounts: [level, { kind: 'coupon', label: '满减', amount_fen: 1500 }], cash_due_fen: 125_800, why }, false)
  assert.deepEqual(folded.steps.map(({ label, detail, amount }) => `${label}${detail} ${amount}`), [
    '商品金额 ¥1,299.00',
    '银卡会员 -¥26.00',
    '满减 -¥15.00',
    '运费 免运费',
    '微信支付 ¥1,258.00',
  ])
  assert.equal((await drawn({ why }, true)).steps[0].kind, 'line')
})

test('what does not go together, and what it counts for in the server’s words', async () => {
  const of = (what, label, allowed) => ({ what, label, allowed })
  const combines = [of('promotion', '活动价', false), of('coupon', '优惠券', false), of('balance', '余额', false), of('points', '积分', true)]
  const counts = [{ what: 'qualifies', counts: false, label: '本单不计入' }, { what: 'returnable', counts: true, label: '本单可被返还' }]
  for (const whole of [true, false]) {
    assert.deepEqual((await drawn({ combines, counts }, whole)).counts, ['本单不与优惠券、余额同享', '本单不计入', '本单可被返还'])
  }
  assert.deepEqual((await drawn()).counts, [])
})
