/** The number on the cart's tab. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone, hurry, lost, ok } from '../support/phone.mjs'

let phone
let badge

beforeEach(async (context) => {
  hurry(context)
  context.mock.method(console, 'info', () => undefined)
  phone = new Phone()
  badge = await load('lib/badge.ts')
})

for (const [quantity, text] of [[1, '1'], [99, '99'], [100, '99+'], [1000, '99+']]) {
  test(`${quantity} pieces are shown as ${text}`, () => {
    badge.cartHolds(quantity)
    assert.deepEqual(phone.told('setTabBarBadge').map(({ index, text: shown }) => [index, shown]), [[3, text]])
    assert.equal(badge.cartCount(), quantity)
  })
}

test('an empty cart has no number', () => {
  badge.cartHolds(2)
  badge.cartHolds(0)
  assert.deepEqual(phone.told('removeTabBarBadge').map(({ index }) => index), [3])
  assert.equal(badge.cartCount(), 0)
})

test('a member’s cart is counted by the server', async () => {
  phone.logIn()
  phone.server = () => ok({ items: [], total_fen: 0, quantity: 7 })
  assert.equal(await badge.countCart(), 7)
  assert.equal(badge.cartCount(), 7)
})

test('a guest’s cart is empty, and the server is not asked', async () => {
  badge.cartHolds(7)
  assert.equal(await badge.countCart(), 0)
  assert.equal(phone.requests.length, 0)
})

test('when the server is not heard, what was known stays', async () => {
  phone.logIn()
  badge.cartHolds(5)
  phone.server = () => lost
  assert.equal(await badge.countCart(), 5)
})
