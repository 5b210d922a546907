/** The data with which an order's page is drawn. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../../../../support/load.mjs'

const { shown } = await load('packages/order/pages/detail/shown.ts')

const SHOP = { policy: { receive_days: 10, refund_days: 7 } }
const LINE = { line_id: 3, image: '', spec: {}, quantity: 2, refunded_quantity: 0, cards: [], coupons: [] }
const ORDER = {
  status: 'paid',
  lines: [LINE],
  items_fen: 2000,
  discounts: [],
  freight_fen: 0,
  balance_fen: 0,
  paid_at: '2026-11-22T06:00:00Z',
  allowed_actions: [],
  refund_open: false,
  counts: [],
  timeline: [],
}
const REFUND = {
  refund_no: 'R1',
  state: 'requested',
  state_label: '审核中',
  reason: '不想要了',
  cash_fen: 1000,
  balance_fen: 0,
  withheld_fen: 0,
  requested_at: '2026-11-22T06:00:00Z',
  decided_at: null,
  finished_at: null,
  answer: null,
  return_to: null,
  return_by: null,
  return_company: null,
  return_tracking_no: null,
  allowed_actions: ['withdraw'],
}
const drawn = (order = {}, refunds = []) => shown({ ...ORDER, ...order }, refunds, SHOP)
const refund = (changes) => drawn({}, [{ ...REFUND, ...changes }]).refunds[0]

for (const [status, icon, next] of [
  ['pending', 'time', '时间到了还没付款，订单会自动关闭，库存、优惠券和余额都会退回'],
  ['paid', 'shop', '付款成功，商家正在准备发货'],
  ['teaming', 'usergroup', '付款成功，成团后就会发货'],
  ['shipped', 'undertake-delivery', '包裹在路上。收到后请确认收货，发货 10 天后会自动确认'],
  ['received', 'check-circle', '已收货，7 天内如有问题可以申请退款'],
  ['completed', 'check-circle', '订单已完成，谢谢你的信任'],
  ['closed', 'close-circle', '订单已关闭，占用的优惠券和余额已退回'],
  ['refunded', 'rollback', '已退款，款项按付款方式原路退回'],
  ['something_new', 'time', ''],
]) {
  test(`an order that is ${status}`, () => {
    const { icon: drawnIcon, next: told } = drawn({ status })
    assert.deepEqual([drawnIcon, told], [icon, next])
  })
}

for (const [shipped_by, tracking_no, way, next] of [
  ['express', 'SF1', 'SF1', /^包裹在路上。收到后/],
  ['own', null, '由商家送货上门，没有快递单号', /^商家正在配送。收到后/],
  ['pick_up', null, '到店自取，没有快递单号', /^商品已备好，请到店自提。取到后/],
]) {
  test(`an order that comes by ${shipped_by}`, () => {
    const { way: drawnWay, next: told } = drawn({ status: 'shipped', shipped_by, tracking_no })
    assert.equal(drawnWay, way)
    assert.match(told, next)
  })
}

test('a refund that WeChat could not make says that the shop finds another way', () => {
  assert.match(refund({ state: 'processing', delayed: false }).text, /^微信正在退款/)
  assert.match(refund({ state: 'processing', delayed: true }).text, /^微信没能退回原账户/)
  assert.equal(refund({ state: 'succeeded', delayed: false }).text, '')
})

test('before it is shipped nothing is said about its way', () => {
  assert.equal(drawn({ shipped_by: null, tracking_no: null }).way, '')
})

test('an open refund is told first, goods on their way back before it', () => {
  assert.equal(drawn({ refund_open: true }, [REFUND]).next, '退款申请正在审核，结果会显示在下方')
  assert.equal(drawn({ refund_open: true }, [{ ...REFUND, state: 'granting' }]).next, '退款已同意，正在处理，结果会显示在下方')
  assert.match(drawn({ refund_open: true }, [{ ...REFUND, state: 'returning' }]).next, /^商家同意退货/)
  assert.equal(drawn({ refund_open: false }, [{ ...REFUND, state: 'rejected' }]).next, '付款成功，商家正在准备发货')
})

test('whether it can be paid is the server’s word', () => {
  const unpaid = drawn({ status: 'pending', allowed_actions: ['pay', 'cancel'], paid_at: null })
  assert.deepEqual([unpaid.unpaid, unpaid.due, unpaid.acts.map(({ action }) => action)], [true, '应付', ['cancel', 'pay']])
  const late = drawn({ status: 'pending', allowed_actions: [], paid_at: null })
  assert.deepEqual([late.unpaid, late.due, late.acts], [false, '合计', []])
  assert.equal(drawn().due, '实付')
})

test('the sums in their order, what takes off with a minus, what is zero left out', () => {
  assert.deepEqual(drawn().sums, [{ label: '商品金额', text: '¥20.00' }, { label: '运费', text: '免运费' }])
  const all = drawn({ discounts: [{ kind: 'coupon', label: '优惠券', amount_fen: 1 }], freight_fen: 800, balance_fen: 100_000_000 })
  assert.deepEqual(all.sums.map(({ label, text }) => `${label} ${text}`), ['商品金额 ¥20.00', '优惠券 -¥0.01', '运费 ¥8.00', '余额付款 -¥1,000,000.00'])
})

test('what happened last stands first', () => {
  const timeline = [{ label: '下单', time: '2026-11-30T15:59:00Z' }, { label: '付款', time: '2026-11-30T16:00:00Z' }]
  assert.deepEqual(drawn({ timeline }).steps, [{ label: '付款', text: '2026-12-01 00:00' }, { label: '下单', text: '2026-11-30 23:59' }])
})

test('what it counts for is said in the server’s words', () => {
  const counts = [{ what: 'qualifies', counts: true, label: '本单已计入' }, { what: 'returnable', counts: false, label: '本单不可被返还' }]
  assert.deepEqual(drawn({ counts }).counts, ['本单已计入', '本单不可被返还'])
})

test('lines with card keys and coupons, and pieces over all of them', () => {
  const coupons = [{ id: 1, name: '满减', state_label: '未使用', expires_at: '2026-11-30T16:00:00Z' }]
  const { lines, pieces } = drawn({ lines: [{ ...LINE, cards: ['a', 'b'], coupons }, { ...LINE, line_id: 4 }] })
  assert.deepEqual(lines.map(({ keys }) => keys), [['3-0', '3-1'], []])
  assert.deepEqual(lines[0].given, [{ id: 1, name: '满减', text: '未使用，有效期至 2026-12-01 00:00' }])
  assert.equal(pieces, '共 4 件')
  assert.deepEqual([drawn({ lines: [] }).lines, drawn({ lines: [] }).pieces], [[], '共 0 件'])
})

for (const [state, tone] of [['succeeded', 'tag-good'], ['rejected', 'tag-plain'], ['requested', 'tag-gold'], ['returning', 'tag-gold'], ['withdrawn', 'tag-plain'], ['granting', 'tag-gold'], ['something_new', '']]) {
  test(`a refund that is ${state}`, () => {
    const { tone: drawnTone, no, label } = refund({ state })
    assert.deepEqual([drawnTone, no, label], [tone, 'R1', '审核中'])
  })
}

test('what the member can do about a refund, the server says', () => {
  for (const [actions, open, back] of [[[], false, false], [['withdraw'], true, false], [['withdraw', 'send_back'], true, true], [['send_back'], false, true]]) {
    const { open: withdrawable, returning } = refund({ allowed_actions: actions })
    assert.deepEqual([withdrawable, returning], [open, back])
  }
})

test('a refund at WeChat says how long it may take', () => {
  assert.match(refund({ state: 'processing' }).text, /几分钟到账/)
  assert.equal(refund({ state: 'succeeded' }).text, '')
})

test('each of its states has its time; a rejected one never says that money came', () => {
  const times = { decided_at: '2026-11-22T07:00:00Z', finished_at: '2026-11-22T08:00:00Z' }
  assert.deepEqual(refund({}).times, [{ label: '提交申请', text: '2026-11-22 14:00' }])
  assert.deepEqual(refund({ ...times, state: 'succeeded' }).times.map(({ label }) => label), ['提交申请', '同意退款', '退款完成'])
  assert.deepEqual(refund({ ...times, state: 'rejected' }).times.map(({ label }) => label), ['提交申请', '未通过'])
  assert.deepEqual(refund({ finished_at: times.finished_at, state: 'withdrawn' }).times.map(({ label }) => label), ['提交申请', '已撤销'])
})

test('where the goods go, by when, or in which parcel', () => {
  assert.deepEqual([refund({}).to, refund({}).parcel, refund({}).answer], ['', '', ''])
  const back = { state: 'returning', return_to: '某地', return_by: '2026-11-30T16:00:00Z', answer: '请寄回' }
  assert.deepEqual([refund(back).to, refund(back).parcel, refund(back).answer], ['某地', '请在 2026-12-01 00:00 前寄出', '请寄回'])
  assert.equal(refund({ ...back, return_company: '顺丰', return_tracking_no: 'SF1' }).parcel, '已寄出：顺丰 SF1')
})

test('what it gives back', () => assert.deepEqual(refund({ cash_fen: 1 }).parts, [{ label: '退回微信', text: '¥0.01' }]))
