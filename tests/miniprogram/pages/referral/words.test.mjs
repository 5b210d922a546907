/** What happens next in the running cycle, and which friends are on their way in it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../../support/load.mjs'

const { friendRow, nextStep } = await load('pages/referral/words.ts')

const ORDER = { order_no: 'T1', in_scope_fen: 1, estimate_fen: 1, title: '', image: '' }
const step = (counted, { required = 3, pending = 0, held = 0, order = null, unsettled = false } = {}) =>
  nextStep({ progress: { required, counted, pending, held, cycles_closed: 0 }, next_return: order }, unsettled)

for (const [counted, title] of [
  [0, '3 位好友首单，返还你的一单'],
  [1, '再有 2 位好友，返还一单'],
  [2, '再有 1 位好友，返还一单'],
  [3, '3 位好友集满了'],
  [4, '3 位好友集满了'],
]) {
  test(`${counted} of 3 friends counted`, () => assert.equal(step(counted).title, title))
}

test('the number is the rule’s', () => {
  assert.deepEqual([step(0, { required: 2 }).title, step(9, { required: 10 }).title, step(10, { required: 10 }).title], ['2 位好友首单，返还你的一单', '再有 1 位好友，返还一单', '10 位好友集满了'])
})

for (const [pending, held, text] of [
  [1, 0, '1 位待收货或成团，完成后自动计入'],
  [0, 2, '2 位审核中，完成后自动计入'],
  [2, 1, '2 位待收货或成团，1 位审核中，完成后自动计入'],
]) {
  test(`${pending} pending and ${held} held do not count yet`, () => {
    assert.equal(step(0, { pending, held }).text, text)
    assert.equal(step(2, { pending, held }).title, '再有 1 位好友，返还一单')
  })
}

test('nobody is on the way: share', () => {
  assert.match(step(0).text, /^把喜欢的好物分享给好友/)
  assert.match(step(1).text, /^继续把喜欢的分享给好友/)
})

test('all are there: it is returned, or chosen, or an own order is still lacking', () => {
  assert.match(step(3, { order: ORDER }).text, /^返还正在办理/)
  assert.match(step(3, { unsettled: true }).text, /^请在下面看看可返还的订单/)
  assert.match(step(3).text, /^还差你自己的一笔已付款订单/)
  assert.match(step(3, { pending: 2, order: ORDER, unsettled: true }).text, /^返还正在办理/)
})

const FRIEND = { nickname: '小满', avatar_url: '', state: 'counted', paid_at: '2026-11-30T15:59:00Z', counted_at: '2026-11-30T16:00:00Z' }

for (const [changes, words, when] of [
  [{}, '已计入', '12月1日 00:00 计入'],
  [{ counted_at: null }, '已计入', '11月30日 23:59 付款'],
  [{ state: 'pending', counted_at: null }, '待完成', '11月30日 23:59 付款，收货或成团后计入'],
  [{ state: 'held', counted_at: null }, '待审核', '11月30日 23:59 付款，审核通过后计入'],
]) {
  test(`a friend that ${JSON.stringify(changes)}`, () => {
    const row = friendRow({ ...FRIEND, ...changes })
    assert.deepEqual([row.words, row.when, row.nickname], [words, when, '小满'])
  })
}
