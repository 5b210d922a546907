/** One rebate in a list: its state. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { mount } from '../support/component.mjs'

const REBATE = { id: 1, state: 'frozen', closed_at: '2026-11-22T06:00:00Z', release_at: null, settled_at: null, reversed_at: null }
const [RELEASE, SETTLED, REVERSED] = ['2026-11-30T16:00:00Z', '2026-12-01T16:00:00Z', '2026-12-03T15:59:59Z']

for (const [changes, tone, when] of [
  [{}, 'tag-gold', '2026-11-22 入账，收货后开始计算到账时间'],
  [{ release_at: RELEASE }, 'tag-gold', '预计 2026-12-01 到账'],
  [{ release_at: RELEASE, waits_for: 'refund', waits_label: '等退款' }, 'tag-gold', '等退款'],
  [{ waits_for: 'receipt', waits_label: '等收货' }, 'tag-gold', '2026-11-22 入账，收货后开始计算到账时间'],
  [{ state: 'settled', settled_at: SETTLED, release_at: RELEASE }, 'tag-good', '2026-12-02 到账'],
  [{ state: 'reversed', settled_at: SETTLED, reversed_at: REVERSED }, 'tag-plain', '2026-12-03 收回'],
  [{ state: 'held', release_at: RELEASE }, '', '2026-11-22 入账'],
]) {
  test(JSON.stringify(changes), async () => {
    const { data } = await mount('components/rebate-row/index.ts', { rebate: { ...REBATE, ...changes } })
    assert.deepEqual([data.tone, data.when], [tone, when])
  })
}
