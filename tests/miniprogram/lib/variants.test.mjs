/** Choosing one variant of a product by its specifications. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../support/load.mjs'

const { chosenSku, given, missing, specRows, specText } = await load('lib/variants.ts')

const sku = (id, spec, available = 5) => ({ id, spec, available })
const MILK = [
  sku(1, { 口味: '可可', 规格: '400g' }),
  sku(2, { 口味: '可可', 规格: '900g' }, 0),
  sku(3, { 口味: '原味', 规格: '400g' }),
]
const states = (skus, choice) => specRows(skus, choice).map(({ name, options }) => [name, ...options.map(({ value, state, chosen }) => `${value} ${state}${chosen ? '!' : ''}`)])

test('a product without specifications is its one variant', () => {
  const only = [sku(9, {})]
  assert.deepEqual([given(only), specRows(only, {}), missing(only, {}), chosenSku(only, {})?.id], [{}, [], [], 9])
})

test('no variants, no choice', () => {
  assert.deepEqual([given([]), specRows([], {}), missing([], {}), chosenSku([], {})], [{}, [], [], null])
})

test('a specification with one value is no choice', () => {
  const skus = [sku(1, { 颜色: '红', 尺码: 'S' }), sku(2, { 颜色: '红', 尺码: 'M' })]
  assert.deepEqual(given(skus), { 颜色: '红' })
  assert.deepEqual(missing(skus, given(skus)), ['尺码'])
})

test('with nothing chosen every value is open that can still be had', () => {
  assert.deepEqual(states(MILK, {}), [['口味', '可可 open', '原味 open'], ['规格', '400g open', '900g sold_out']])
})

test('a choice closes what does not go with it, and not its own row', () => {
  assert.deepEqual(states(MILK, { 口味: '原味' }), [['口味', '可可 open', '原味 open!'], ['规格', '400g open', '900g absent']])
  assert.deepEqual(states(MILK, { 口味: '可可' }), [['口味', '可可 open!', '原味 open'], ['规格', '400g open', '900g sold_out']])
})

test('the last piece is open, none is sold out', () => {
  assert.deepEqual(states([sku(1, { 色: '红' }, 1), sku(2, { 色: '蓝' }, 0)], {}), [['色', '红 open', '蓝 sold_out']])
})

test('the variant is known once everything is chosen', () => {
  assert.equal(chosenSku(MILK, {}), null)
  assert.equal(chosenSku(MILK, { 口味: '可可' }), null)
  assert.equal(chosenSku(MILK, { 口味: '可可', 规格: '900g' })?.id, 2)
  assert.equal(chosenSku(MILK, { 口味: '原味', 规格: '900g' }), null)
  assert.deepEqual(missing(MILK, {}), ['口味', '规格'])
  assert.deepEqual(missing(MILK, { 口味: '可可', 规格: '900g' }), [])
})

test('a variant in words', () => {
  assert.equal(specText({ 口味: '可可味', 规格: '900g' }), '可可味 · 900g')
  assert.equal(specText({}), '')
})
