/** A quantity between two limits. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { mount } from '../support/component.mjs'

for (const [value, min, max, less, more] of [
  [5, 1, 9, [4], [6]],
  [1, 1, 9, [], [2]],
  [9, 1, 9, [8], []],
  [0, 0, 0, [], []],
  [12, 1, 9, [11], []],
]) {
  test(`${value} between ${min} and ${max}`, async () => {
    for (const [method, wanted] of [['less', less], ['more', more]]) {
      const shown = await mount('components/stepper/index.ts', { value, min, max })
      shown.tap(method)
      assert.deepEqual(shown.heard('change').map((detail) => detail.value), wanted)
      assert.equal(shown.data.value, value)
    }
  })
}
