/** Logging in: silently, once, with the share that was opened. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone, lost, ok, refused } from '../support/phone.mjs'

let phone
let lib
let logins

beforeEach(async () => {
  phone = new Phone()
  logins = 0
  wx.login = ({ success }) => success({ code: `code-${(logins += 1)}` })
  lib = await load({ session: 'lib/session.ts', origin: 'lib/origin.ts' })
})

const answering = (token, status = 'none') => ok({ token, is_new: true, binding: { status } })

test('a guest has no token; a login brings one, which is kept', async () => {
  phone.server = () => answering('t1')
  assert.equal(lib.session.currentToken(), '')
  assert.equal(await lib.session.ensureToken(), 't1')
  assert.equal(lib.session.currentToken(), 't1')
  assert.equal(await lib.session.ensureToken(), 't1')
  assert.deepEqual([logins, phone.requests[0].path, phone.requests[0].data.code], [1, '/api/login', 'code-1'])
})

test('who asks while a login is under way shares it', async () => {
  phone.server = () => answering('t1')
  const { ensureToken, logIn, renewToken } = lib.session
  assert.deepEqual(await Promise.all([ensureToken(), logIn(), renewToken('t0'), ensureToken()]), ['t1', 't1', 't1', 't1'])
  assert.equal(logins, 1)
})

test('a token that was refused is renewed; one that came meanwhile is taken', async () => {
  phone.logIn('old')
  phone.server = () => answering('new')
  assert.equal(await lib.session.renewToken('old'), 'new')
  assert.equal(await lib.session.renewToken('old'), 'new')
  assert.equal(logins, 1)
})

test('a login that failed does not stand in the way of the next', async () => {
  phone.server = () => lost
  await assert.rejects(lib.session.logIn(), { kind: 'offline' })
  phone.server = () => answering('t2')
  assert.equal(await lib.session.logIn(), 't2')
})

test('WeChat that gives no code is told as what it is', async () => {
  wx.login = ({ fail }) => fail({ errMsg: 'login:fail open_in_wechat' })
  await assert.rejects(lib.session.logIn(), { kind: 'open_in_wechat' })
  assert.equal(phone.requests.length, 0)
})

test('who has logged out is a guest', () => {
  phone.logIn()
  lib.session.logOut()
  assert.equal(lib.session.currentToken(), '')
})

test('a login tells the share and the visitor, and the share only once', async () => {
  phone.server = () => answering('t1')
  lib.origin.keepShare('ABCD1234')
  await lib.session.logIn()
  await lib.session.logIn()
  const [first, second] = phone.requests.map(({ data }) => data)
  assert.deepEqual([first.share_code, first.visitor_id], ['ABCD1234', lib.origin.visitorId()])
  assert.equal('share_code' in second, false)
})

test('a share whose login was lost is told again', async () => {
  lib.origin.keepShare('ABCD1234')
  phone.server = () => lost
  await assert.rejects(lib.session.logIn())
  phone.server = () => answering('t1')
  await lib.session.logIn()
  assert.deepEqual(phone.requests.map(({ data }) => data.share_code), ['ABCD1234', 'ABCD1234'])
})

test('a share opened while a login is under way is not lost with it', async () => {
  lib.origin.keepShare('FIRST000')
  phone.server = () => {
    lib.origin.keepShare('SECOND00')
    return answering('t1')
  }
  await lib.session.logIn()
  assert.equal(lib.origin.shareCode(), 'SECOND00')
})

for (const [status, times] of [['bound', 1], ['already_bound', 0], ['refused', 0], ['none', 0], ['pending', 1]]) {
  test(`a binding that is ${status} is greeted ${times} times`, async () => {
    let greeted = 0
    lib.session.onAsked(() => (greeted += 1))
    phone.server = () => answering('t1', status)
    await lib.session.logIn()
    assert.equal(greeted, times)
  })
}

test('a refused login leaves no token', async () => {
  phone.server = () => refused(403, 'member_blocked')
  await assert.rejects(lib.session.logIn(), { code: 'member_blocked' })
  assert.equal(lib.session.currentToken(), '')
})
