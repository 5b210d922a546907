/** What happens when someone opens the shop: from an icon, a card, a poster, a link. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone, hurry, lost, ok, refused } from '../support/phone.mjs'

const CARD = { query: { s: 'ABCD1234' }, scene: 1007 }
let phone
let lib
let touched
let welcome
let referral

beforeEach(async (context) => {
  hurry(context)
  context.mock.method(console, 'info', () => undefined)
  phone = new Phone()
  wx.login = ({ success }) => success({ code: 'code' })
  touched = () => ok({})
  welcome = '首单付款后计上一位'
  referral = () => ({ referrer: { nickname: '小满', welcome }, binding_waits: null })
  phone.server = (request) => {
    if (request.path === '/api/login') return ok({ token: 't1', is_new: true, binding: { status: request.data.share_code ? 'bound' : 'none' } })
    if (request.path === '/api/me/referral') return ok(referral())
    return touched(request)
  }
  lib = await load({ arrival: 'lib/arrival.ts', origin: 'lib/origin.ts', session: 'lib/session.ts' })
})

const paths = () => phone.requests.map(({ path }) => path)
const settled = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

test('who comes by the icon is logged in, and no share is told', async () => {
  await lib.arrival.arrive({ query: {}, scene: 1001 })
  assert.deepEqual(paths(), ['/api/login'])
})

test('who is a member already and comes by no share is not logged in again', async () => {
  phone.logIn()
  await lib.arrival.arrive({ query: {}, scene: 1001 })
  assert.deepEqual(paths(), [])
})

test('who comes by a card logs in through it, and the share hears of it', async () => {
  await lib.arrival.arrive(CARD)
  const touch = phone.requests.find(({ path }) => path.endsWith('/touch'))
  assert.equal(phone.requests[0].data.share_code, 'ABCD1234')
  assert.deepEqual([touch.path, touch.data], ['/api/shares/ABCD1234/touch', { visitor_id: lib.origin.visitorId(), scene: 1007 }])
})

test('coming back with the same query tells the share nothing new; another card does', async () => {
  await lib.arrival.arrive(CARD)
  await lib.arrival.arrive(CARD)
  assert.equal(paths().filter((path) => path.endsWith('/touch')).length, 1)
  await lib.arrival.arrive({ query: { s: 'WXYZ5678' }, scene: 1007 })
  assert.equal(paths().filter((path) => path === '/api/shares/WXYZ5678/touch').length, 1)
})

test('an opening that was not heard is told again, a refused one is not', async () => {
  touched = () => lost
  await lib.arrival.arrive(CARD)
  touched = () => refused(404, 'share_unknown')
  await lib.arrival.arrive(CARD)
  const before = paths().length
  await lib.arrival.arrive(CARD)
  assert.equal(paths().slice(before).filter((path) => path.endsWith('/touch')).length, 0)
  assert.equal(paths().filter((path) => path.endsWith('/touch')).length, 2)
})

test('a card opened in a group brings the group, where WeChat gives it', async () => {
  wx.getGroupEnterInfo = ({ success }) => success({ encryptedData: 'e', iv: 'i' })
  await lib.arrival.arrive({ ...CARD, shareTicket: 'ticket' })
  assert.deepEqual(phone.requests.at(-1).data.group, { encrypted_data: 'e', iv: 'i' })
  wx.getGroupEnterInfo = ({ fail }) => fail({ errMsg: 'getGroupEnterInfo:fail' })
  await lib.arrival.arrive({ query: { s: 'WXYZ5678' }, scene: 1044, shareTicket: 'ticket' })
  assert.equal('group' in phone.requests.at(-1).data, false)
})

test('a visitor who cannot log in looks around, and keeps the share for later', async () => {
  wx.login = ({ fail }) => fail({ errMsg: 'login:fail open_in_wechat' })
  await lib.arrival.arrive(CARD)
  assert.deepEqual(paths(), ['/api/shares/ABCD1234/touch'])
  assert.equal(lib.origin.shareCode(), 'ABCD1234')
})

test('who was bound just now is welcomed by the name of whom they belong to', async () => {
  const lines = []
  lib.arrival.onGreeting(({ line }) => lines.push(line))
  await lib.arrival.arrive(CARD)
  await settled()
  assert.deepEqual(lines, ['', '欢迎！你是通过「小满」的分享来的，首单付款后计上一位'])
})

test('once the first order is decided, the welcome promises nothing of it', async () => {
  welcome = null
  const lines = []
  lib.arrival.onGreeting(({ line }) => lines.push(line))
  await lib.arrival.arrive(CARD)
  await settled()
  assert.equal(lines[1], '欢迎！你是通过「小满」的分享来的')
})

test('who has to wait for a binding is told what it waits for, and no name', async () => {
  referral = () => ({ referrer: null, binding_waits: '等订单付款或关闭' })
  const greetings = []
  lib.arrival.onGreeting((greeting) => greetings.push(greeting))
  await lib.arrival.arrive(CARD)
  await settled()
  assert.deepEqual(greetings[1], { line: '等订单付款或关闭', waits: true })
})

test('a binding that was refused between the two answers is not spoken of', async () => {
  referral = () => ({ referrer: null, binding_waits: null })
  const lines = []
  lib.arrival.onGreeting(({ line }) => lines.push(line))
  await lib.arrival.arrive(CARD)
  await settled()
  assert.deepEqual(lines, [''])
})

test('a page that opens later hears the welcome until it is dismissed', async () => {
  await lib.arrival.arrive(CARD)
  await settled()
  const lines = []
  lib.arrival.onGreeting(({ line }) => lines.push(line))
  assert.match(lines[0], /小满/)
  lib.arrival.dismissGreeting()
  lib.arrival.onGreeting(null)
  lib.arrival.onGreeting(({ line }) => lines.push(line))
  assert.equal(lines[1], '')
})
