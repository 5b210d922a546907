/** The data with which a flash sale's session and its items are drawn. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../../../../support/load.mjs'

const { shownSale, tabOf } = await load('packages/marketing/pages/flash/shown.ts')
const { baseUrl } = await load('config.ts')

const ITEM = {
  id: 1,
  sku_id: 11,
  product_id: 7,
  title: '柿饼',
  image: '/files/a.png',
  spec: { 规格: '400g' },
  price_fen: 990,
  list_price_fen: 1990,
  stock: 20,
  left: 15,
  taken_bp: 2500,
  per_member: 2,
  state: 'running',
}
const SALE = { id: 5, name: '午间场', starts_at: '2026-11-22T16:00:00Z', ends_at: '2026-11-22T18:00:00Z', state: 'running', state_label: '抢购中', items: [ITEM] }
const item = (changes, limits = {}) => shownSale({ ...SALE, items: [{ ...ITEM, ...changes }] }, limits).items[0]

for (const [state, until, countLabel] of [
  ['not_started', SALE.starts_at, '距开始'],
  ['running', SALE.ends_at, '距结束'],
  ['over', '', '本场已结束'],
  ['paused', '', ''],
]) {
  test(`a session that is ${state} counts to “${until}”`, () => {
    const shown = shownSale({ ...SALE, state }, {})
    assert.deepEqual([shown.id, shown.name, shown.state, shown.until, shown.countLabel], [5, '午间场', state, until, countLabel])
  })
}

for (const [state, act, open] of [
  ['not_started', '即将开抢', false],
  ['running', '马上抢', true],
  ['queued', '排队中', true],
  ['sold_out', '已抢光', false],
  ['over', '已结束', false],
  ['paused', '暂不可抢', false],
]) {
  test(`an item that is ${state} can ${open ? '' : 'not '}be bought`, () => {
    const shown = item({ state })
    assert.deepEqual([shown.act, shown.open], [act, open])
  })
}

for (const [taken_bp, text, width] of [
  [0, '已抢 0%', '0%'],
  [1, '已抢 0%', '0%'],
  [99, '已抢 0%', '0%'],
  [100, '已抢 1%', '1%'],
  [2599, '已抢 25%', '25%'],
  [9999, '已抢 99%', '99%'],
  [10_000, '已抢 100%', '100%'],
]) {
  test(`${taken_bp} bp are never told as more than is taken`, () => {
    const shown = item({ taken_bp })
    assert.deepEqual([shown.takenText, shown.width], [text, width])
  })
}

test('before it begins the whole stock is told', () => {
  const shown = item({ state: 'not_started', taken_bp: 500 })
  assert.deepEqual([shown.takenText, shown.width], ['共 20 件', '0%'])
})

test('what it is, how many each may buy, and its picture', () => {
  assert.deepEqual([item({}).specText, item({}).picture], ['400g · 每人限购 2 件', `${baseUrl}/files/a.png`])
  assert.deepEqual([item({ spec: {} }).specText, item({ image: '' }).picture], ['每人限购 2 件', ''])
  assert.equal(item({}).price_fen, 990)
})

test('a session without items is drawn without', () => assert.deepEqual(shownSale({ ...SALE, items: [] }).items, []))

test('a tab says when it begins in China, and how it stands', () => {
  assert.deepEqual(tabOf(SALE), { key: '5', label: '00:00 抢购中' })
})

test('who has as many as one may is told so where it could be bought, and nowhere else', () => {
  const limits = { 1: '已抢 2 件，达到限购' }
  for (const state of ['running', 'queued']) {
    const { act, open } = item({ state }, limits)
    assert.deepEqual([act, open], ['已抢 2 件，达到限购', false])
  }
  assert.equal(item({ state: 'sold_out' }, limits).act, '已抢光')
  assert.equal(item({ id: 2 }, limits).open, true)
})
