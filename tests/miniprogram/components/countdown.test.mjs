/** The time left until a moment of the server's clock. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'

import { mount } from '../support/component.mjs'

const NOW = Date.parse('2026-11-22T06:00:00Z')
const after = (seconds) => new Date(NOW + seconds * 1000).toISOString()
const real = { setInterval, clearInterval }
let shown
let running

beforeEach(async () => {
  mock.timers.enable({ apis: ['Date'], now: NOW })
  running = new Map() // node's mock timers do not stop an interval that clears itself
  globalThis.setInterval = (run, ms) => (running.set(run, ms), run)
  globalThis.clearInterval = (run) => running.delete(run)
  shown = await mount('components/countdown/index.ts')
})

afterEach(() => {
  shown.remove()
  Object.assign(globalThis, real)
  mock.timers.reset()
})

/** Move the time on, second by second. */
function seconds(count) {
  for (let passed = 0; passed < count; passed += 1) {
    mock.timers.tick(1000)
    for (const [run, ms] of [...running]) {
      assert.equal(ms, 1000)
      run()
    }
  }
}
const over = () => shown.heard('over').length

test('it counts down and says once that it is over', () => {
  shown.set({ until: after(3) })
  assert.equal(shown.data.left, '00:03')
  seconds(1)
  assert.equal(shown.data.left, '00:02')
  seconds(1)
  assert.deepEqual([shown.data.left, over()], ['00:01', 0])
  seconds(1)
  assert.deepEqual([shown.data.left, over()], ['00:00', 1])
  seconds(10)
  assert.deepEqual([over(), running.size], [1, 0])
})

test('what is over when it comes is not told: its page would read it again for ever', () => {
  for (const until of [after(0), after(-1), after(-86_400)]) {
    shown.set({ until })
    seconds(5)
    assert.deepEqual([shown.data.left, over()], ['00:00', 0])
  }
})

test('without a moment nothing is counted', () => {
  shown.set({ until: '' })
  seconds(5)
  assert.deepEqual([shown.data.left, over()], ['', 0])
})

test('a new moment takes the place of the old one', () => {
  shown.set({ until: after(2) })
  shown.set({ until: after(5) })
  seconds(2)
  assert.deepEqual([shown.data.left, over()], ['00:03', 0])
  seconds(3)
  assert.equal(over(), 1)
})

test('a hidden page rests, and has the right time when it is seen again', () => {
  shown.set({ until: after(60) })
  shown.hidden()
  seconds(30)
  assert.equal(shown.data.left, '01:00')
  shown.shown()
  assert.equal(shown.data.left, '00:30')
  seconds(1)
  assert.equal(shown.data.left, '00:29')
})

test('what was taken off the page counts no more', () => {
  shown.set({ until: after(2) })
  shown.remove()
  seconds(5)
  assert.deepEqual([over(), running.size], [0, 0])
})
