/** A good of the points mall, for a member with a given number of points. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../../../../support/load.mjs'

const { shownGood } = await load('packages/marketing/pages/points-mall/shown.ts')
const { baseUrl } = await load('config.ts')

const GOOD = { id: 1, image: '/files/a.png', spec: { 规格: '400g' }, points: 100, price_fen: 0, list_price_fen: 1990, left: 3, per_member: 2, state: 'open' }

/** points held · state · button · whether it can be exchanged */
for (const [held, state, act, open] of [
  [100, 'open', '去兑换', true],
  [101, 'open', '去兑换', true],
  [99, 'open', '还差 1', false],
  [0, 'open', '还差 100', false],
  [null, 'open', '去兑换', true],
  [100, 'sold_out', '已兑完', false],
  [0, 'sold_out', '已兑完', false],
  [100, 'paused', '暂不可兑换', false],
  [0, 'paused', '暂不可兑换', false],
]) {
  test(`with ${held} points a good that is ${state} says “${act}”`, () => {
    const shown = shownGood({ ...GOOD, state }, held)
    assert.deepEqual([shown.act, shown.open], [act, open])
  })
}

test('what it is, how many each may have, and what is left', () => {
  assert.equal(shownGood(GOOD, 0).specText, '400g · 每人限兑 2 件 · 剩 3 件')
  assert.equal(shownGood({ ...GOOD, spec: {}, per_member: null }, 0).specText, '剩 3 件')
  assert.equal(shownGood({ ...GOOD, per_member: null, state: 'sold_out' }, 0).specText, '400g')
})

test('a picture is the server’s, or none', () => {
  assert.equal(shownGood(GOOD, 0).picture, `${baseUrl}/files/a.png`)
  assert.equal(shownGood({ ...GOOD, image: '' }, 0).picture, '')
})
