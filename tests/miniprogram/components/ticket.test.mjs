/** A coupon as a ticket: its worth and its threshold. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { mount } from '../support/component.mjs'

for (const [properties, figure, spoken, ceiling, terms] of [
  [{ amount: 500, threshold: 3000 }, '5', '¥5', '', '满 ¥30 可用'],
  [{ amount: 1, threshold: 1 }, '0.01', '¥0.01', '', '满 ¥0.01 可用'],
  [{ amount: 100_000_000, threshold: 0 }, '1,000,000', '¥1,000,000', '', '无门槛'],
  [{ amount: 0, offBp: 1500, most: 2050, threshold: 0 }, '8.5', '8.5 折', '最多减 ¥20.50', '无门槛'],
  [{ amount: 0, offBp: 1000, most: 0, threshold: 0 }, '9', '9 折', '', '无门槛'],
]) {
  test(JSON.stringify(properties), async () => {
    const { data } = await mount('components/ticket/index.ts', properties)
    assert.deepEqual([data.figure, data.spoken, data.ceiling, data.terms], [figure, spoken, ceiling, terms])
  })
}
