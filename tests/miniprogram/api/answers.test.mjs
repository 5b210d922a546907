/** Answers set the server's clock and keep the shop for a minute; the key of an order includes the cart as it was seen. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone, hurry, lost, ok, refused } from '../support/phone.mjs'

const NOW = Date.parse('2026-11-22T06:00:00Z')
const SERVER = { now: '2026-11-22T11:00:00Z', items: [] }
let phone
let lib

beforeEach(async () => {
  mock.timers.enable({ apis: ['Date'], now: NOW })
  phone = new Phone()
  phone.logIn()
  phone.server = () => ok(SERVER)
  const wanted = { time: 'lib/time.ts', coupons: 'api/coupons.ts', flash: 'api/flash.ts', shop: 'api/shop.ts', orders: 'api/orders.ts', group_buys: 'api/group_buys.ts' }
  lib = await load(wanted)
})
afterEach(() => mock.timers.reset())

for (const [name, call] of [
  ['coupons.offers', () => lib.coupons.offers()],
  ['flash.flashSales', () => lib.flash.flashSales()],
  ['flash.flashSale', () => lib.flash.flashSale(1)],
  ['shop.shop', () => lib.shop.shop()],
]) {
  test(`${name} sets the clock that countdowns run by`, async () => {
    await call()
    await new Promise(setImmediate)
    assert.equal(lib.time.now(), Date.parse(SERVER.now))
  })
}

test('the clock is no part of a session', async () => {
  phone.server = () => ok({ ...SERVER, id: 1 })
  assert.deepEqual(await lib.flash.flashSale(1), { id: 1, items: [] })
})

test('the shop is asked at most once a minute, unless anew', async () => {
  const asked = () => phone.requests.length
  await Promise.all([lib.shop.shop(), lib.shop.shop()])
  assert.equal(asked(), 1)
  mock.timers.tick(60_000)
  await lib.shop.shop()
  assert.equal(asked(), 1)
  mock.timers.tick(1)
  await lib.shop.shop()
  assert.equal(asked(), 2)
  await lib.shop.shop(true)
  assert.equal(asked(), 3)
})

test('a shop that did not come is asked again', async (context) => {
  hurry(context)
  phone.server = () => lost
  await assert.rejects(lib.shop.shop())
  phone.server = () => ok(SERVER)
  assert.deepEqual(await lib.shop.shop(), SERVER)
})

test('a cart that was seen otherwise is another wish, the same one is not', async (context) => {
  hurry(context)
  phone.server = () => lost
  const wish = { from_cart: true }
  const seen = (...quantities) => ({ lines: quantities.map((quantity, at) => ({ sku_id: at, quantity, amount_fen: quantity * 100 })) })
  const keys = []
  for (const cart of [seen(1, 2), seen(1, 2), seen(1, 3), seen(1)]) {
    phone.requests = []
    await assert.rejects(lib.orders.place(wish, cart))
    keys.push(new Set(phone.requests.map(({ header }) => header['Idempotency-Key'])))
  }
  const [first, again, more, less] = keys.map((each) => [...each])
  assert.deepEqual([first.length, again], [1, first])
  assert.equal(new Set([first[0], more[0], less[0]]).size, 3)
})

test('a team is seen as a guest where nobody can log in, and only there', async () => {
  phone = new Phone()
  wx.login = ({ fail }) => fail({ errMsg: 'login:fail open_in_wechat' })
  phone.server = () => ok({ team_no: 'G1' })
  assert.deepEqual(await lib.group_buys.team('G1'), { team_no: 'G1' })
  assert.equal(phone.requests[0].header.Authorization, undefined)
  phone.logIn()
  phone.server = () => refused(404, 'not_found')
  await assert.rejects(lib.group_buys.team('G2'), { code: 'not_found' })
  assert.equal(phone.requests.filter(({ path }) => path === '/api/teams/G2').length, 1)
})
