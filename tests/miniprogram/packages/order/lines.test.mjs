/** The lines of an order, the name of its amount, and what a refund gives back. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../../support/load.mjs'

const { drawnLine, dueLabel, piecesOf, refundParts, shownLine } = await load('packages/order/lines.ts')
const { baseUrl } = await load('config.ts')

const LINE = { image: '/files/a.png', spec: { 规格: '400g' }, quantity: 3, refunded_quantity: 0 }

for (const [refunded_quantity, text] of [[0, ''], [1, '已退 1 件'], [2, '已退 2 件'], [3, '已退款']]) {
  test(`of 3 pieces ${refunded_quantity} came back`, () => assert.equal(shownLine({ ...LINE, refunded_quantity }).refundText, text))
}

test('in an exchange a piece costs points', () => {
  assert.equal(drawnLine({ ...LINE, points: 600 }, 'points').pointsText, '200 积分')
  assert.equal(drawnLine({ ...LINE, points: 600 }, 'normal').pointsText, '')
})

test('a line has its picture and its variant', () => {
  assert.deepEqual([shownLine(LINE).picture, shownLine(LINE).specText], [`${baseUrl}/files/a.png`, '400g'])
  assert.equal(shownLine({ ...LINE, image: '' }).picture, '')
})

for (const [allowed_actions, paid_at, label] of [
  [['pay', 'cancel'], null, '应付'],
  [[], '2026-11-22T06:00:00Z', '实付'],
  [['refund'], '2026-11-22T06:00:00Z', '实付'],
  [[], null, '合计'],
]) {
  test(`with ${allowed_actions} and paid at ${paid_at} it is ${label}`, () => assert.equal(dueLabel({ allowed_actions, paid_at }), label))
}

test('pieces are counted over all lines', () => {
  assert.equal(piecesOf([]), 0)
  assert.equal(piecesOf([{ quantity: 1 }, { quantity: 999 }]), 1000)
})

for (const [cash_fen, balance_fen, withheld_fen, parts] of [
  [0, 0, 0, []],
  [1, 0, 0, [['退回微信', '¥0.01']]],
  [100_000_000, 250, 0, [['退回微信', '¥1,000,000.00'], ['退回余额', '¥2.50']]],
  [1000, 0, 300, [['退回微信', '¥10.00'], ['抵扣已到账的返一', '-¥3.00']]],
  [0, 5, 1, [['退回余额', '¥0.05'], ['抵扣已到账的返一', '-¥0.01']]],
]) {
  test(`a refund of ${cash_fen}, ${balance_fen} and ${withheld_fen} fen`, () => {
    assert.deepEqual(refundParts({ state: 'succeeded', cash_fen, balance_fen, withheld_fen }).map(({ label, text }) => [label, text]), parts)
  })
}

for (const state of ['rejected', 'withdrawn']) {
  test(`a refund that is ${state} names what was asked for, and that nothing came back`, () => {
    const parts = refundParts({ state, cash_fen: 1000, balance_fen: 200, withheld_fen: 0 })
    assert.deepEqual(parts, [{ label: '申请的金额（没有退）', text: '¥12.00' }])
  })
}
