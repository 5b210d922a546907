/** Something to share: a product, or the shop itself. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../../../../support/load.mjs'
import { Phone, ok } from '../../../../support/phone.mjs'

const { choices, config, share } = await load({ choices: 'packages/referral/pages/share/choices.ts', share: 'lib/share.ts', config: 'config.ts' })
const CARD = { id: 7, title: '柿饼', image: '/files/a.png', min_price_fen: 1 }
let phone

beforeEach(() => {
  phone = new Phone()
})

test('a product is shared with its picture and least price', () => {
  assert.deepEqual(choices.choiceOf(CARD), { id: 7, title: '柿饼', image: `${config.baseUrl}/files/a.png`, price_fen: 1 })
})

test('one that was not read yet is read, with or without pictures', async () => {
  phone.server = () => ok({ ...CARD, images: ['/files/b.png', '/files/c.png'] })
  assert.equal((await choices.choiceById(7)).image, `${config.baseUrl}/files/b.png`)
  assert.equal(phone.requests[0].path, '/api/products/7')
  phone.server = () => ok({ ...CARD, images: [] })
  assert.equal((await choices.choiceById(7)).image, '')
})

test('a product leads to its page, the shop to home', async () => {
  assert.equal(choices.sharingOf(choices.HOME), share.shopSharing)
  const sharing = choices.sharingOf(choices.choiceOf(CARD))
  assert.deepEqual(sharing.message(), { title: '柿饼', path: '/pages/product/index?id=7' })
  phone.logIn()
  await sharing.card('poster')
  assert.deepEqual(phone.requests[0].data, { kind: 'product', channel: 'poster', target_id: 7 })
})
