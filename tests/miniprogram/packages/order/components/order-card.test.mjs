/** An order in a list. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { mount } from '../../../support/component.mjs'

const LINE = { image: '', spec: {}, quantity: 2, refunded_quantity: 0 }
const ORDER = { order_no: 'T1', lines: [LINE], balance_fen: 0, refunded_fen: 0, created_at: '2026-11-30T16:00:00Z', paid_at: null, allowed_actions: ['pay', 'cancel'] }
const card = (changes = {}, properties = {}) => mount('packages/order/components/order-card/index.ts', { order: { ...ORDER, ...changes }, ...properties })

test('an order to be paid', async () => {
  const { data } = await card()
  assert.deepEqual([data.summary, data.placed, data.due, data.unpaid, data.refunded, data.more], ['共 2 件', '12月1日 00:00', '应付', true, '', 0])
  assert.deepEqual(data.acts.map(({ action }) => action), ['cancel', 'pay'])
})

test('what balance paid and what came back is told', async () => {
  const { data } = await card({ allowed_actions: [], paid_at: ORDER.created_at, balance_fen: 1, refunded_fen: 100_000_000 })
  assert.deepEqual([data.summary, data.refunded, data.due, data.unpaid], ['共 2 件，余额付 ¥0.01', '已退 ¥1,000,000.00', '实付', false])
  assert.equal((await card({ balance_fen: 1 })).data.refunded, '')
})

test('two lines are shown, of the others how many there are', async () => {
  const { data } = await card({ lines: Array(5).fill(LINE) })
  assert.deepEqual([data.lines.length, data.more, data.summary], [2, 3, '共 10 件'])
})

test('what is tapped is told with the order’s number, and not while it is busy', async () => {
  const idle = await card()
  idle.tap('act', { dataset: { action: 'pay' } })
  const busy = await card({}, { busy: true })
  busy.tap('act', { dataset: { action: 'pay' } })
  assert.deepEqual([idle.heard('act'), busy.heard('act')], [[{ action: 'pay', no: 'T1' }], []])
})

test('a countdown that is over is told on', async () => {
  const shown = await card()
  shown.tap('over')
  assert.equal(shown.heard('over').length, 1)
})
