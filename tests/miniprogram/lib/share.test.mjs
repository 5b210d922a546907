/** Cards carry the member's code, a guest's carry none, and sharing always works. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone, lost, ok } from '../support/phone.mjs'

const PLAIN = { title: '柿饼', path: '/pages/product/index?id=7' }
const { baseUrl } = await load('config.ts')
let phone
let share

beforeEach(async () => {
  phone = new Phone()
  phone.server = ({ data }) =>
    ok({ title: `${data.channel} 卡片`, path: `/pages/product/index?id=7&s=${data.channel}1234`, image_url: '/files/card.png' })
  share = await load('lib/share.ts')
})

const productSharing = () => new share.Sharing('product', PLAIN, 7)

test('a member’s card carries the code', async () => {
  phone.logIn()
  const { promise, ...meanwhile } = productSharing().message()
  assert.deepEqual(meanwhile, PLAIN)
  assert.deepEqual(await promise, { title: 'friend 卡片', path: '/pages/product/index?id=7&s=friend1234', imageUrl: `${baseUrl}/files/card.png` })
  assert.deepEqual(phone.requests[0].data, { kind: 'product', channel: 'friend', target_id: 7 })
})

test('a card without a picture names none', async () => {
  phone.logIn()
  phone.server = () => ok({ title: 'a', path: '/b', image_url: '' })
  assert.deepEqual(await productSharing().message().promise, { title: 'a', path: '/b' })
})

test('a guest’s card leads to the same page, and the server is not asked', async () => {
  const sharing = productSharing()
  await sharing.prepare()
  assert.deepEqual(sharing.message(), PLAIN)
  assert.deepEqual(sharing.timeline(), { title: PLAIN.title, query: 'id=7' })
  assert.deepEqual([phone.requests, phone.calls], [[], []])
})

test('what was prepared is asked for once and also serves the timeline', async () => {
  phone.logIn()
  const sharing = productSharing()
  await sharing.prepare()
  assert.deepEqual(phone.told('showShareMenu')[0].menus, ['shareAppMessage', 'shareTimeline'])
  assert.deepEqual(phone.told('showShareMenu')[0].withShareTicket, true)
  await sharing.message().promise
  assert.deepEqual(phone.requests.map(({ data }) => data.channel), ['friend', 'timeline'])
  assert.deepEqual(sharing.timeline(), { title: 'timeline 卡片', query: 'id=7&s=timeline1234', imageUrl: `${baseUrl}/files/card.png` })
})

test('a card that did not come is asked for again, and the page is shared without', async () => {
  phone.logIn()
  phone.server = () => lost
  const sharing = productSharing()
  await sharing.prepare()
  assert.deepEqual(await sharing.message().promise, PLAIN)
  assert.deepEqual(sharing.timeline(), { title: PLAIN.title, query: 'id=7' })
  phone.server = () => ok({ title: 'a', path: '/b?s=ABCD1234', image_url: '' })
  assert.equal((await sharing.message().promise).path, '/b?s=ABCD1234')
})

test('the shop itself has no target', async () => {
  phone.logIn()
  await share.shopSharing.card('poster')
  assert.deepEqual(phone.requests[0].data, { kind: 'home', channel: 'poster' })
  assert.deepEqual(share.shopSharing.timeline().query, '')
})
