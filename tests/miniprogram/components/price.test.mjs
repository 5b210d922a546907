/** An amount of money with small cents, and its text for screen readers. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { mount } from '../support/component.mjs'

for (const [fen, whole, cents, spoken] of [
  [0, '0', '00', '¥0.00'],
  [1, '0', '01', '¥0.01'],
  [100_000_000, '1,000,000', '00', '¥1,000,000.00'],
  [-250, '-2', '50', '-¥2.50'],
]) {
  test(`${fen} fen`, async () => {
    const { data } = await mount('components/price/index.ts', { fen })
    assert.deepEqual([data.whole, data.cents, data.spoken], [whole, cents, spoken])
  })
}
