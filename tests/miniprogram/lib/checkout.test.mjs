/** The items in a confirm page's address, written and read. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../support/load.mjs'

const { MOST_PIECES, confirmPath, itemsOf, promotedPath, promotionOf } = await load('lib/checkout.ts')

const PAGE = '/packages/order/pages/confirm/index'
const TWO = [
  { sku_id: 12, quantity: 2 },
  { sku_id: 15, quantity: 1 },
]
/** The query of a path, as the page gets it. */
const queryOf = (path) => Object.fromEntries(new URLSearchParams(path.split('?')[1]))

test('the whole cart needs no items, a part of it says that it lies there', () => {
  assert.equal(confirmPath(null), PAGE)
  assert.equal(confirmPath(TWO), `${PAGE}?items=12x2.15x1`)
  assert.equal(confirmPath(TWO, true), `${PAGE}?items=12x2.15x1&cart=1`)
})

test('what the address says is what was chosen', () => {
  for (const items of [TWO, [{ sku_id: 1, quantity: 1 }], [{ sku_id: 2_147_483_647, quantity: MOST_PIECES }]]) {
    assert.deepEqual(itemsOf(queryOf(confirmPath(items)).items), items)
  }
  assert.equal(MOST_PIECES, 999)
})

for (const [text, items] of [
  [undefined, null],
  ['', null],
  ['12x2', [TWO[0]]],
  ['12x2.', [TWO[0]]],
  ['12', []],
  ['12x2.axb', [TWO[0]]],
  ['12x2.15x1.5', TWO],
  ['1ex2', []],
]) {
  test(`“${text}” asks for ${JSON.stringify(items)}`, () => assert.deepEqual(itemsOf(text), items))
}

for (const promotion of [
  { kind: 'flash_sale', id: 7 },
  { kind: 'group_buy', id: 3 },
  { kind: 'group_buy', id: 3, team_no: 'G26X' },
  { kind: 'points', id: 123_456 },
]) {
  test(`${JSON.stringify(promotion)} comes back from the address, with its items`, () => {
    const query = queryOf(promotedPath(TWO, promotion))
    assert.deepEqual(promotionOf(query), promotion)
    assert.deepEqual(itemsOf(query.items), TWO)
  })
}

for (const query of [{}, { promotion: '' }, { promotion: 'flash_sale' }, { promotion: 'flash_sale-' }, { promotion: 'flash_sale-0' }, { promotion: 'flash_sale-x' }, { promotion: '-7' }, { team: 'G26X' }]) {
  test(`${JSON.stringify(query)} is an ordinary order`, () => assert.equal(promotionOf(query), null))
}
