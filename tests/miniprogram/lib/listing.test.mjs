/** A page's long list: read on, read again, and when a page of it cannot be loaded. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone } from '../support/phone.mjs'

const { failure, listing, screen } = await load({ listing: 'lib/listing.ts', screen: 'lib/screen.ts', failure: 'lib/failure.ts' })
const { Listing, MORE } = listing

beforeEach(() => {
  new Phone()
})

function pageWith(items = []) {
  const data = { screen: screen.LOADING, items, end: MORE }
  const setData = (changes) => {
    for (const [name, value] of Object.entries(changes)) {
      const row = /^items\[(\d+)\]$/.exec(name)
      if (row) data.items = Object.assign([...data.items], { [row[1]]: value })
      else data[name] = value
    }
  }
  return { data, setData }
}

/** Eight items in pages of two. */
const read = async (cursor) => {
  const from = Number(cursor ?? 0)
  return { items: [from, from + 1].map((id) => ({ id })), next_cursor: from < 6 ? String(from + 2) : null }
}
const rows = (count) => [...Array(count).keys()].map((id) => ({ id }))
const ids = ({ data }) => data.items.map(({ id }) => id)
/** A promise and the function that fulfils it. */
function answer() {
  let give
  const promise = new Promise((resolve) => (give = resolve))
  return { promise, give }
}

test('it starts with a page and goes on to its end', async () => {
  const page = pageWith()
  const list = new Listing(page, read, (item) => item)
  await list.start()
  assert.deepEqual([ids(page), page.data.end, page.data.screen.phase], [[0, 1], { done: false, trouble: '' }, 'ready'])
  for (let times = 0; times < 5; times += 1) await list.more()
  assert.deepEqual([ids(page), page.data.end], [[0, 1, 2, 3, 4, 5, 6, 7], { done: true, trouble: '' }])
})

test('each row knows the one above it, also across pages and after a new start', async () => {
  const page = pageWith()
  const list = new Listing(page, read, ({ id }, above) => ({ id, above: above?.id }))
  await list.start()
  await list.more()
  const chain = [undefined, 0, 1, 2]
  assert.deepEqual(page.data.items.map(({ above }) => above), chain)
  await list.start()
  assert.deepEqual(page.data.items.map(({ above }) => above), chain)
})

for (const [seen, length] of [[0, 2], [5, 6], [6, 6], [50, 8]]) {
  test(`read again with ${seen} rows on the screen it has ${length}`, async () => {
    const page = pageWith(rows(seen))
    await new Listing(page, read, (item) => item).start()
    assert.equal(page.data.items.length, length)
  })
}

test('read anew it is short again, and the screen is cleared first', async () => {
  const page = pageWith(rows(6))
  const list = new Listing(page, read, (item) => item)
  page.data.screen = { phase: 'ready', problem: null }
  const going = list.start(true)
  assert.deepEqual([ids(page), page.data.screen.phase], [[], 'loading'])
  await going
  assert.deepEqual(ids(page), [0, 1])
})

test('an empty list shows that there is nothing', async () => {
  const page = pageWith()
  await new Listing(page, async () => ({ items: [], next_cursor: null }), (item) => item).start()
  assert.deepEqual([page.data.screen.phase, page.data.end.done], ['empty', true])
})

test('asked for more while it comes, it gives nothing twice', async () => {
  const page = pageWith()
  const list = new Listing(page, read, (item) => item)
  await list.start()
  await Promise.all([list.more(), list.more(), list.more()])
  assert.deepEqual(ids(page), [0, 1, 2, 3])
})

test('before its start, and while it starts, there is no more', async () => {
  const page = pageWith()
  const list = new Listing(page, read, (item) => item)
  await list.more()
  const going = list.start()
  await list.more()
  await going
  assert.deepEqual(ids(page), [0, 1])
})

test('what an earlier reading still brings is dropped', async () => {
  const page = pageWith()
  const late = answer()
  let which = 'old'
  const list = new Listing(page, () => (which === 'old' ? late.promise : Promise.resolve({ items: [{ id: 'new' }], next_cursor: null })), (item) => item)
  const first = list.start()
  which = 'new'
  await list.start()
  late.give({ items: [{ id: 'old' }], next_cursor: 'x' })
  await first
  assert.deepEqual([ids(page), page.data.end.done], [['new'], true])
})

test('more rows of an earlier reading are dropped', async () => {
  const page = pageWith()
  const late = answer()
  let slow = false
  const list = new Listing(page, (cursor) => (slow && cursor ? late.promise : read(cursor)), (item) => item)
  await list.start()
  slow = true
  const more = list.more()
  await list.start(true)
  late.give({ items: [{ id: 'old' }], next_cursor: null })
  await more
  assert.deepEqual([ids(page), page.data.end.done], [[0, 1], false])
})

test('a page that did not come is told below the list, and can be asked for again', async () => {
  const page = pageWith()
  let broken = false
  const list = new Listing(page, (cursor) => (broken ? Promise.reject(failure.unheard('offline')) : read(cursor)), (item) => item)
  await list.start()
  broken = true
  await list.more()
  assert.deepEqual([ids(page), page.data.end], [[0, 1], { done: false, trouble: '网络连接不上，请检查网络后重试' }])
  broken = false
  await list.more()
  assert.deepEqual([ids(page), page.data.end.trouble], [[0, 1, 2, 3], ''])
})
