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
}
const drawn = async (changes = {}) => (await mount('packages/order/components/price-why/index.ts', { priced: { ...PRICED, ...changes } })).data
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

test('what does not go together, and what it counts for', async () => {
  const of = (what, label, allowed) => ({ what, label, allowed })
  const combines = [of('coupon', '优惠券', false), of('balance', '余额', false), of('points', '积分', true), of('qualifies', '计入返一', true), of('returnable', '可返还', false), of('commission', '佣金', false)]
  assert.deepEqual((await drawn({ combines })).counts, ['本单不与优惠券、余额同享', '本单计入返一', '本单不可返还'])
  assert.deepEqual((await drawn()).counts, [])
})
