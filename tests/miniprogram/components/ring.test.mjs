/** The ring of one cycle: its places, the friends on them, and the picture. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { mount } from '../support/component.mjs'
import { load } from '../support/load.mjs'

const { MAX_PLACES, ROOMY_PLACES, drawn, middle } = await load('components/ring/arcs.ts')

const picture = (places) => decodeURIComponent(/^url\("data:image\/svg\+xml,(.*)"\)$/.exec(drawn(places))[1])
const arcs = (places) => [...picture(places).matchAll(/<path d="([^"]+)" stroke-width="(\d+)" ([^/]*)\/>/g)].map(([, d, width, stroke]) => ({ d, width, stroke }))

test('one arc a place, in the colour of how far its friend is', () => {
  const [counted, held, pending, open] = arcs(['counted', 'held', 'pending', 'open'])
  assert.deepEqual([counted, held, pending, open].map(({ width }) => width), ['12', '7', '7', '12'])
  assert.match(counted.stroke, /url\(#warm\)/)
  assert.equal(new Set([counted, held, pending, open].map(({ stroke }) => stroke)).size, 4)
  assert.deepEqual(arcs([]), [])
})

test('arcs go round clockwise from the top and leave gaps', () => {
  const ends = arcs(['open', 'open', 'open']).map(({ d }) => /^M([\d.]+) ([\d.]+)A80 80 0 0 1 ([\d.]+) ([\d.]+)$/.exec(d).slice(1).map(Number))
  assert.deepEqual(ends[0], [111.13, 20.78, 174.17, 129.97])
  assert.deepEqual(ends[2], [25.83, 129.97, 88.87, 20.78])
})

test('a single place is more than half a ring', () => assert.match(arcs(['open'])[0].d, /A80 80 0 1 1/))

test('many places have thin lines', () => {
  assert.deepEqual(arcs(Array(ROOMY_PLACES).fill('open')).map(({ width }) => width), Array(6).fill('12'))
  assert.deepEqual(arcs(Array(ROOMY_PLACES + 1).fill('held')).map(({ width }) => width), Array(7).fill('6'))
})

test('the middle of a place, in percent', () => {
  assert.deepEqual([middle(0, 1), middle(0, 2), middle(1, 2), middle(1, 3)], [
    { left: 50, top: 90 },
    { left: 90, top: 50 },
    { left: 10, top: 50 },
    { left: 50, top: 90 },
  ])
})

const friend = (nickname, state) => ({ nickname, state, avatar_url: '' })
const seats = async (required, friends) => (await mount('components/ring/index.ts', { required, friends })).data

test('who counted sits first, then who is held, then who is pending; the rest is open', async () => {
  const { seats: taken, spoken } = await seats(4, [friend('三', 'pending'), friend('一', 'counted'), friend('二', 'held')])
  assert.deepEqual(taken.map(({ name, place }) => name + place), ['一counted', '二held', '三pending', 'open'])
  assert.equal(spoken, '第1位一已计入，第2位二待审核，第3位三待完成，第4位空位')
})

test('a friend in a state that is not known takes no place', async () => {
  const { seats: taken } = await seats(2, [friend('一', 'void')])
  assert.deepEqual(taken.map(({ place }) => place), ['open', 'open'])
})

for (const [required, count] of [[0, 1], [1, 1], [3, 3], [10, MAX_PLACES], [99, MAX_PLACES]]) {
  test(`a rule of ${required} has ${count} places`, async () => {
    const friends = Array.from({ length: 12 }, (_, at) => friend(String(at), 'counted'))
    const { seats: taken, crowded } = await seats(required, friends)
    assert.deepEqual([taken.length, crowded], [count, count > ROOMY_PLACES])
  })
}
