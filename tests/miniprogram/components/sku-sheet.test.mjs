/** Choosing variant and quantity: never more than there are, never a variant that is sold out. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { mount } from '../support/component.mjs'
import { Phone } from '../support/phone.mjs'

const sku = (id, size, available, stock_state = 'in_stock') => ({ id, spec: { 规格: size }, available, stock_state })
const PRODUCT = { kind: 'physical', coupon: null, images: ['/files/a.png'], skus: [sku(1, '400g', 5), sku(2, '900g', 2, 'low'), sku(3, '2kg', 0, 'sold_out')] }
const ONE = { ...PRODUCT, skus: [{ ...sku(1, '', 5), spec: {} }] }
let phone

beforeEach(() => {
  phone = new Phone()
})

const opened = (product = PRODUCT) => mount('components/sku-sheet/index.ts', { product, visible: true })
const option = (value, state = 'open') => ({ dataset: { name: '规格', value, state } })
const picked = (sheet) => sheet.heard('pick').map(({ sku: chosen, quantity, act }) => [chosen.id, quantity, act])

test('nothing is picked before all is chosen', async () => {
  const sheet = await opened()
  assert.deepEqual([sheet.data.sku, sheet.data.stock], [null, '请选择 规格'])
  sheet.tap('pick', { dataset: { act: 'buy' } })
  assert.deepEqual([picked(sheet), phone.toasts], [[], ['请选择 规格']])
})

test('what is chosen is picked, in the number that was set', async () => {
  const sheet = await opened()
  sheet.tap('tapOption', option('400g'))
  sheet.tap('setQuantity', { detail: { value: 3 } })
  sheet.tap('pick', { dataset: { act: 'cart' } })
  assert.deepEqual([picked(sheet), sheet.heard('choice').at(-1).text], [[[1, 3, 'cart']], '已选 400g，3 件'])
})

test('a variant of which there are fewer takes the number down', async () => {
  const sheet = await opened()
  sheet.tap('tapOption', option('400g'))
  sheet.tap('setQuantity', { detail: { value: 5 } })
  sheet.tap('tapOption', option('900g'))
  assert.deepEqual([sheet.data.quantity, sheet.data.most, sheet.data.stock], [2, 2, '仅剩 2 件'])
})

test('what is sold out, or is not made, cannot be chosen', async () => {
  const sheet = await opened()
  for (const state of ['sold_out', 'absent']) {
    sheet.tap('tapOption', option('2kg', state))
    assert.deepEqual([sheet.data.sku, sheet.data.choice], [null, {}])
  }
})

test('a second tap takes the choice back', async () => {
  const sheet = await opened()
  sheet.tap('tapOption', option('400g'))
  sheet.tap('tapOption', option('400g'))
  assert.deepEqual([sheet.data.sku, sheet.heard('choice').at(-1).text], [null, '请选择 规格'])
})

test('a product of one variant needs no choice, and no more than 999 are taken at once', async () => {
  const sheet = await opened({ ...ONE, skus: [{ ...ONE.skus[0], available: 100_000 }] })
  assert.deepEqual([sheet.data.sku.id, sheet.data.most, sheet.heard('choice').at(-1).text], [1, 999, '已选 1 件'])
})

for (const [product, words] of [
  [ONE, '库存 5 件'],
  [{ ...ONE, skus: [{ ...ONE.skus[0], available: 0, stock_state: 'sold_out' }] }, '已售罄'],
  [{ ...ONE, kind: 'virtual' }, '库存 5 件，付款后自动发卡密'],
  [{ ...ONE, kind: 'virtual', coupon: '满减' }, '库存 5 件，付款后自动发券'],
]) {
  test(`the stock says “${words}”`, async () => assert.equal((await opened(product)).data.stock, words))
}
