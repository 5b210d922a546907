/** Calls with tokens, repetition and keys, and answers that are lost, late or refusals. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone, hurry, lost, ok, refused } from '../support/phone.mjs'

let phone
let lib

beforeEach(async () => {
  phone = new Phone()
  wx.login = ({ success }) => success({ code: 'code-of-wechat' })
  lib = await load({ request: 'lib/request.ts', session: 'lib/session.ts' })
})

const failing = (work) => work.then(() => assert.fail('it succeeded'), (error) => error)
const sentTo = (path) => phone.requests.filter((one) => one.path === path)
const keysSent = () => sentTo('/api/orders').map(({ header }) => header['Idempotency-Key'])
const loggedIn = (token) => ok({ token, is_new: false, binding: { status: 'none' } })

/** Let the server give these answers one after the other to any request, and the last one from then on. */
function answers(...list) {
  let at = 0
  phone.server = () => list[Math.min(at++, list.length - 1)]
}

test('a query says what there is, and leaves out what says nothing', async () => {
  phone.logIn()
  await lib.request.get('/products', { q: '柿 子&饼', cursor: null, kind: '', in_stock: false, min_price_fen: 0, limit: 20, none: undefined, yes: true })
  assert.equal(phone.requests[0].path, `/api/products?q=${encodeURIComponent('柿 子&饼')}&min_price_fen=0&limit=20&yes=true`)
  await lib.request.get('/cart')
  assert.equal(phone.requests[1].path, '/api/cart')
})

test('a member’s call carries the token, logging in first; a guest’s carries one where there is one', async () => {
  phone.server = ({ path }) => (path === '/api/login' ? loggedIn('fresh') : ok({}))
  await lib.request.get('/products', {}, 'guest')
  assert.deepEqual([phone.requests.length, phone.requests[0].header.Authorization], [1, undefined])
  await lib.request.get('/cart')
  assert.deepEqual(phone.requests.slice(1).map(({ path }) => path), ['/api/login', '/api/cart'])
  assert.equal(phone.requests[2].header.Authorization, 'Bearer fresh')
  await lib.request.get('/products', {}, 'guest')
  assert.equal(phone.requests[3].header.Authorization, 'Bearer fresh')
})

test('a token that is over is renewed once, and the call is made again with the same body', async () => {
  phone.logIn('old')
  phone.server = ({ path, header }) => {
    if (path === '/api/login') return loggedIn('new')
    return header.Authorization === 'Bearer new' ? ok({ done: true }) : refused(401, 'unauthorized')
  }
  assert.deepEqual(await lib.request.act('POST', '/cart', { a: 1 }), { done: true })
  assert.deepEqual(phone.requests.map(({ path }) => path), ['/api/cart', '/api/login', '/api/cart'])
  assert.deepEqual(phone.requests[2].data, { a: 1 })
})

test('a token that is refused again is not renewed for ever', async () => {
  phone.logIn('old')
  phone.server = ({ path }) => (path === '/api/login' ? loggedIn('new') : refused(401, 'unauthorized'))
  const failure = await failing(lib.request.get('/cart'))
  assert.deepEqual([failure.code, phone.requests.length], ['unauthorized', 3])
})

test('a guest who is refused is not logged in', async () => {
  phone.server = () => refused(401, 'unauthorized')
  await failing(lib.request.get('/cart', {}, 'guest'))
  assert.equal(phone.requests.length, 1)
})

test('reading bridges two lost answers and waits longer each time', async (context) => {
  const pauses = hurry(context)
  phone.logIn()
  answers(lost, { errMsg: 'request:fail timeout' }, ok({ items: [1] }))
  assert.deepEqual(await lib.request.get('/cart'), { items: [1] })
  assert.deepEqual(pauses, [400, 800])
})

test('after the third time it is told', async (context) => {
  hurry(context)
  phone.logIn()
  answers(lost)
  assert.equal((await failing(lib.request.get('/cart'))).kind, 'offline')
  assert.equal(phone.requests.length, 3)
})

test('a refusal is not asked again', async () => {
  phone.logIn()
  answers(refused(422, 'stock_insufficient'), ok({}))
  assert.equal((await failing(lib.request.get('/cart'))).code, 'stock_insufficient')
  assert.equal(phone.requests.length, 1)
})

for (const [said, requests, waited] of [
  ['2', 2, [2000]],
  ['5', 2, [5000]],
  ['6', 1, []],
  ['Sun, 22 Nov 2026 06:00:00 GMT', 2, [400]],
]) {
  test(`a busy server that says “${said}” is asked ${requests} times`, async (context) => {
    const pauses = hurry(context)
    phone.logIn()
    answers(refused(503, 'busy', '忙', {}, { 'Retry-After': said }), ok({}))
    await lib.request.get('/cart').catch(() => undefined)
    assert.deepEqual([phone.requests.length, pauses], [requests, waited])
  })
}

test('acting is not repeated by itself', async () => {
  phone.logIn()
  answers(lost, ok({}))
  assert.equal((await failing(lib.request.act('POST', '/cart', {}))).kind, 'offline')
  assert.equal(phone.requests.length, 1)
})

test('what moves value goes under a key, the same one when its answer is lost', async (context) => {
  hurry(context)
  phone.logIn()
  answers(lost, lost, ok({ order_no: 'T1' }))
  assert.deepEqual(await lib.request.actOnce('/orders', { items: [] }), { order_no: 'T1' })
  const [first, ...others] = keysSent()
  assert.match(first, /^[0-9a-z]{24}$/)
  assert.deepEqual(others, [first, first])
})

test('pressing again after all answers were lost, even after a restart, is the same wish', async (context) => {
  hurry(context)
  phone.logIn()
  answers(lost)
  await failing(lib.request.actOnce('/orders', { items: [1] }, [7]))
  const reopened = await load({ request: 'lib/request.ts' })
  answers(ok({ order_no: 'T1' }))
  await reopened.request.actOnce('/orders', { items: [1] }, [7])
  assert.deepEqual([new Set(keysSent()).size, keysSent().length], [1, 4])
})

test('trouble of the server’s own leaves open what was done: the key stays', async (context) => {
  hurry(context)
  phone.logIn()
  answers(refused(500, 'internal'), refused(500, 'internal'), refused(500, 'internal'), ok({}))
  await failing(lib.request.actOnce('/orders', {}))
  await lib.request.actOnce('/orders', {})
  assert.equal(new Set(keysSent()).size, 1)
})

for (const [outcome, answer] of [
  ['done', ok({})],
  ['refused', refused(422, 'stock_insufficient')],
]) {
  test(`once it is ${outcome}, the same again is another wish`, async () => {
    phone.logIn()
    answers(answer)
    for (let presses = 0; presses < 2; presses += 1) await lib.request.actOnce('/orders', {}).catch(() => undefined)
    assert.equal(new Set(keysSent()).size, 2)
  })
}

test('a double tap asks for one thing', async () => {
  phone.logIn()
  answers(ok({ order_no: 'T1' }))
  await Promise.all([lib.request.actOnce('/orders', { a: 1 }), lib.request.actOnce('/orders', { a: 1 })])
  assert.deepEqual([keysSent().length, new Set(keysSent()).size], [2, 1])
})

test('another path, body or circumstance is another wish', async (context) => {
  hurry(context)
  phone.logIn()
  answers(lost)
  const wishes = [['/orders', { a: 1 }, null], ['/orders', { a: 2 }, null], ['/orders', { a: 1 }, [1]], ['/orders/x', { a: 1 }, null]]
  for (const wish of wishes) await failing(lib.request.actOnce(...wish))
  assert.equal(new Set(phone.requests.map(({ header }) => header['Idempotency-Key'])).size, 4)
})

test('the key outlives a login in between', async () => {
  phone.logIn('old')
  phone.server = ({ path, header }) => {
    if (path === '/api/login') return loggedIn('new')
    return header.Authorization === 'Bearer new' ? ok({}) : refused(401, 'unauthorized')
  }
  await lib.request.actOnce('/orders', {})
  assert.deepEqual([keysSent().length, new Set(keysSent()).size], [2, 1])
})

test('files go in and come out with the token', async () => {
  phone.logIn('t')
  const asked = []
  wx.uploadFile = (options) => {
    asked.push(options)
    options.success({ statusCode: 200, data: '{}' })
  }
  wx.downloadFile = (options) => {
    asked.push(options)
    options.success({ statusCode: 200, tempFilePath: 'tmp://x' })
  }
  await lib.request.upload('/me/avatar', 'tmp://a')
  assert.equal(await lib.request.download('/wallet/statement.xlsx', { month: '2026-11' }), 'tmp://x')
  assert.deepEqual(asked.map(({ header }) => header.Authorization), ['Bearer t', 'Bearer t'])
  assert.match(asked[1].url, /\/api\/wallet\/statement\.xlsx\?month=2026-11$/)
})
