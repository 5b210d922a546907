/** Choosing the coupon for an order. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../../support/load.mjs'
import { Phone, ok } from '../../support/phone.mjs'

const lib = await load({ choosing: 'packages/order/choosing.ts', failure: 'lib/failure.ts' })
let phone

const CHOICE = { id: 1, amount_fen: 500, off_bp: 0, threshold_fen: 3000, scoped: false, scope_label: '全场', off_fen: 500, expires_at: '2026-11-30T16:00:00Z' }

beforeEach(() => {
  phone = new Phone()
  phone.logIn()
})

/** The data of the first coupon when the server answers this. */
async function drawn(changes) {
  phone.server = () => ok({ items: [{ ...CHOICE, ...changes }], best_coupon_id: 1 })
  const { coupons } = await lib.choosing.offered({})
  return coupons[0]
}

for (const [changes, figure, condition] of [
  [{}, '¥5', '满 ¥30 可用'],
  [{ amount_fen: 1, threshold_fen: 0 }, '¥0.01', '无门槛'],
  [{ amount_fen: 100_000_000, threshold_fen: 1 }, '¥1,000,000', '满 ¥0.01 可用'],
  [{ amount_fen: 0, off_bp: 1500 }, '8.5折', '满 ¥30 可用'],
  [{ scoped: true, scope_label: '仅限茶叶' }, '¥5', '满 ¥30 可用 · 仅限茶叶'],
  [{ scoped: true, scope_label: '仅限茶叶', threshold_fen: 0 }, '¥5', '无门槛 · 仅限茶叶'],
]) {
  test(`${JSON.stringify(changes)} is drawn as ${figure}`, async () => {
    const coupon = await drawn(changes)
    assert.deepEqual([coupon.figure, coupon.condition], [figure, condition])
  })
}

test('what it takes off this order, and the day in China until when', async () => {
  assert.equal((await drawn({})).until, '本单减 ¥5 · 2026-12-01 前有效')
  assert.equal((await drawn({ off_fen: 0, expires_at: '2026-11-30T15:59:59Z' })).until, '本单减 ¥0 · 2026-11-30 前有效')
})

test('the order of the server stands, and so does its best', async () => {
  phone.server = () => ok({ items: [{ ...CHOICE, id: 2 }, { ...CHOICE, id: 1 }], best_coupon_id: 2 })
  const wish = { items: [{ sku_id: 1, quantity: 2 }] }
  const { coupons, best } = await lib.choosing.offered(wish)
  assert.deepEqual([coupons.map(({ id }) => id), best, phone.requests[0].data], [[2, 1], 2, wish])
})

test('who holds none is offered none', async () => {
  phone.server = () => ok({ items: [], best_coupon_id: null })
  assert.deepEqual(await lib.choosing.offered({}), { coupons: [], best: null })
})

for (const [reason, text] of [
  ['state', '这张券已被使用或占用，已为你取消选择'],
  ['expired', '这张券已过期，已为你取消选择'],
  ['not_started', '这张券还没到可用时间，已为你取消选择'],
  ['threshold', '商品金额没达到这张券的门槛，已为你取消选择'],
  ['scope', '这张券不适用于这些商品，已为你取消选择'],
  ['something_new', '服务器的话'],
  [undefined, '服务器的话'],
]) {
  test(`a coupon refused for ${reason}`, () => {
    const failure = new lib.failure.Failure('refused', 'coupon_unusable', '服务器的话', 422, { reason })
    assert.equal(lib.choosing.whyUnusable(failure), text)
  })
}
