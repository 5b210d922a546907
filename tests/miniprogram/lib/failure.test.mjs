/** Why a call did not succeed, in words. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone } from '../support/phone.mjs'

const { Failure, asFailure, fromWx, tell, unheard } = await load('lib/failure.ts')

for (const [errMsg, kind] of [
  ['request:fail', 'offline'],
  ['request:fail timeout', 'timeout'],
  ['request:fail errcode:-118 cronet_error_code:-118 error_msg:net::ERR_CONNECTION_TIMED_OUT', 'offline'],
  ['downloadFile:fail timeout', 'timeout'],
  ['login:fail open_in_wechat', 'open_in_wechat'],
  ['', 'offline'],
  [undefined, 'offline'],
]) {
  test(`“${errMsg}” is ${kind}`, () => {
    const failure = fromWx({ errMsg })
    assert.deepEqual([failure.kind, failure.code, failure.status, failure.retryAfterS], [kind, kind, 0, 0])
  })
}

test('each kind has a sentence of its own', () => {
  const sentences = ['offline', 'timeout', 'unavailable', 'open_in_wechat'].map((kind) => unheard(kind).message)
  assert.deepEqual(sentences, ['网络连接不上，请检查网络后重试', '网络有点慢，请稍后重试', '服务正忙，请稍后再试', '登录、下单和支付请在微信小程序中进行'])
})

test('a failure stays what it is', () => {
  const failure = new Failure('refused', 'stock_insufficient', '库存不足', 422, { available: 2 }, 7)
  assert.equal(asFailure(failure), failure)
  assert.deepEqual([failure.message, failure.status, failure.detail, failure.retryAfterS], ['库存不足', 422, { available: 2 }, 7])
})

test('what was not foreseen is written to the console, and its text is not shown', (context) => {
  const written = context.mock.method(console, 'error', () => undefined)
  const failure = asFailure(new TypeError('x is undefined'))
  assert.deepEqual([failure.kind, failure.code, failure.message], ['unavailable', 'unexpected', '出了点问题，请重试'])
  assert.match(String(written.mock.calls[0].arguments[0]), /x is undefined/)
})

test('a toast says it', () => {
  const phone = new Phone()
  tell(new Failure('refused', 'a', '库存不足'))
  assert.deepEqual(phone.told('showToast'), [{ title: '库存不足', icon: 'none', duration: 3000 }])
})
