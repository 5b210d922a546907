/** The price filter: typed text becomes fen, or is reported as not an amount. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { mount } from '../support/component.mjs'

const NONE = { kind: '', in_stock: false, min_price_fen: null, max_price_fen: null }

/** The result of typing these prices: the filter, or the message. */
async function typing(from, to) {
  const sheet = await mount('components/filter-sheet/index.ts', { visible: true, filter: NONE })
  sheet.tap('typeFrom', { detail: { value: from } })
  sheet.tap('typeTo', { detail: { value: to } })
  sheet.tap('apply')
  const [told] = sheet.heard('apply')
  return told ? [told.min_price_fen, told.max_price_fen] : sheet.data.trouble
}

for (const [from, to, told] of [
  ['', '', [null, null]],
  ['0', '', [0, null]],
  ['', '0.01', [null, 1]],
  ['12.5', '1000000', [1250, 100_000_000]],
  ['5', '5', [500, 500]],
  ['5.01', '5', '最低价不能高于最高价'],
  ['abc', '', '价格请填数字，最多两位小数'],
  ['', '1.234', '价格请填数字，最多两位小数'],
]) {
  test(`from “${from}” to “${to}”`, async () => assert.deepEqual(await typing(from, to), told))
}

test('it opens with what narrows now, in yuan that can be typed again', async () => {
  const filter = { kind: 'virtual', in_stock: true, min_price_fen: 123_450, max_price_fen: 100_000_000 }
  const sheet = await mount('components/filter-sheet/index.ts', { visible: true, filter })
  const { kind, inStock, from, to } = sheet.data
  assert.deepEqual([kind, inStock, from, to], ['virtual', true, '1234.50', '1000000'])
  sheet.tap('apply')
  assert.deepEqual(sheet.heard('apply'), [filter])
})

test('reset takes everything away, and applies when it is told to', async () => {
  const sheet = await mount('components/filter-sheet/index.ts', { visible: true, filter: { ...NONE, kind: 'virtual', min_price_fen: 1 } })
  sheet.tap('reset')
  assert.deepEqual(sheet.heard('apply'), [])
  sheet.tap('apply')
  assert.deepEqual(sheet.heard('apply'), [NONE])
})
