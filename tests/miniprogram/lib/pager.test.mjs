/** A list that comes in pages with a cursor. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../support/load.mjs'

const { Pager } = await load('lib/pager.ts')

/** A server with these pages; `asked` collects the cursors. */
function pagerOf(...pages) {
  const asked = []
  const read = async (cursor) => {
    asked.push(cursor)
    const at = Number(cursor ?? 0)
    return { items: pages[at], next_cursor: at + 1 < pages.length ? String(at + 1) : null }
  }
  return { pager: new Pager(read), asked }
}

test('pages come one after the other, then none, and the server is not asked again', async () => {
  const { pager, asked } = pagerOf([1, 2], [3], [4])
  assert.equal(pager.done, false)
  assert.deepEqual([await pager.next(), await pager.next(), pager.done, await pager.next()], [[1, 2], [3], false, [4]])
  assert.equal(pager.done, true)
  assert.deepEqual(await pager.next(), [])
  assert.deepEqual(asked, [null, '1', '2'])
})

test('an empty list is done', async () => {
  const { pager } = pagerOf([])
  assert.deepEqual([await pager.next(), pager.done], [[], true])
})

test('an empty page in the middle is not the end', async () => {
  const { pager } = pagerOf([], [1])
  assert.deepEqual([await pager.next(), pager.done, await pager.next()], [[], false, [1]])
})

test('asked twice at once, it gives nothing twice', async () => {
  const { pager, asked } = pagerOf([1], [2])
  assert.deepEqual(await Promise.all([pager.next(), pager.next()]), [[1], []])
  assert.deepEqual(await pager.next(), [2])
  assert.deepEqual(asked, [null, '1'])
})

test('a page that did not come is asked for again', async () => {
  let tries = 0
  const pager = new Pager(async (cursor) => {
    tries += 1
    if (tries === 1) throw new Error('lost')
    return { items: [cursor], next_cursor: null }
  })
  await assert.rejects(pager.next(), /lost/)
  assert.equal(pager.done, false)
  assert.deepEqual(await pager.next(), [null])
})
