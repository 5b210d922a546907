/** Choosing a coupon for an order: one that can be used, or none. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { mount } from '../../../support/component.mjs'

for (const [dataset, told] of [
  [{ id: 7, fits: true }, [{ id: 7 }]],
  [{ id: 0, fits: true }, [{ id: null }]],
  [{ id: 7, fits: false }, []],
]) {
  test(JSON.stringify(dataset), async () => {
    const sheet = await mount('packages/order/components/coupon-sheet/index.ts', { visible: true, coupons: [], chosen: 0 })
    sheet.tap('choose', { dataset })
    assert.deepEqual(sheet.heard('choose'), told)
  })
}
