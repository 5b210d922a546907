/** A product at the prices of its group buy. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../support/load.mjs'

const { offered, teamPage } = await load('lib/group_buys.ts')

const sku = (id, price_fen, available = 50) => ({ id, code: `S${id}`, spec: {}, price_fen, market_price_fen: 9999, stock_state: 'in_stock', available })
const offer = (sku_id, price_fen, leader_price_fen = null, available = 5) => ({ sku_id, spec: {}, price_fen, leader_price_fen, list_price_fen: 0, available })
const PRODUCT = { id: 7, title: '柿饼', min_price_fen: 3000, max_price_fen: 5000, skus: [sku(1, 3000), sku(2, 4000), sku(3, 5000)] }
const ACTIVITY = { id: 9, skus: [offer(1, 2000, 1500), offer(3, 1)] }

test('only the variants that take part are sold, at the price for who joins', () => {
  const goods = offered(PRODUCT, ACTIVITY, false)
  assert.deepEqual(goods.skus.map(({ id, price_fen }) => [id, price_fen]), [[1, 2000], [3, 1]])
  assert.deepEqual([goods.min_price_fen, goods.max_price_fen], [1, 2000])
})

test('who opens a team pays the leader’s price where there is one', () => {
  const goods = offered(PRODUCT, ACTIVITY, true)
  assert.deepEqual(goods.skus.map(({ price_fen }) => price_fen), [1500, 1])
  assert.deepEqual([goods.min_price_fen, goods.max_price_fen], [1, 1500])
})

test('a leader’s price of nothing is a price', () => {
  assert.equal(offered(PRODUCT, { skus: [offer(1, 2000, 0)] }, true).skus[0].price_fen, 0)
})

test('the ordinary price is the one struck through, and pieces are the activity’s', () => {
  const [first] = offered(PRODUCT, ACTIVITY, false).skus
  assert.deepEqual([first.market_price_fen, first.available], [3000, 5])
})

test('the product itself stays as it was', () => {
  const before = structuredClone(PRODUCT)
  offered(PRODUCT, ACTIVITY, true)
  assert.deepEqual(PRODUCT, before)
})

test('where no variant takes part any more, nothing is sold and no price is made up', () => {
  for (const [product, activity] of [[PRODUCT, { skus: [] }], [{ ...PRODUCT, skus: [] }, ACTIVITY]]) {
    const goods = offered(product, activity, true)
    assert.deepEqual([goods.skus, goods.min_price_fen, goods.max_price_fen], [[], 3000, 5000])
  }
})

test('a team has a page', () => assert.equal(teamPage('G26X'), '/packages/marketing/pages/team/index?team_no=G26X'))
