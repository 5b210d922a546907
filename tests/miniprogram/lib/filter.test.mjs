/** The filters of a search. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../support/load.mjs'

const { NO_FILTER, narrowing } = await load('lib/filter.ts')

for (const [filter, wanted] of [
  [{}, {}],
  [{ kind: 'virtual' }, { kind: 'virtual' }],
  [{ in_stock: true }, { in_stock: true }],
  [{ min_price_fen: 0 }, { min_price_fen: 0 }],
  [{ max_price_fen: 0 }, { max_price_fen: 0 }],
  [{ min_price_fen: 1, max_price_fen: 100_000_000 }, { min_price_fen: 1, max_price_fen: 100_000_000 }],
  [{ kind: 'physical', in_stock: true, min_price_fen: 5, max_price_fen: 9 }, { kind: 'physical', in_stock: true, min_price_fen: 5, max_price_fen: 9 }],
]) {
  test(`${JSON.stringify(filter)} narrows`, () => assert.deepEqual(narrowing({ ...NO_FILTER, ...filter }), wanted))
}
