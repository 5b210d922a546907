/** Paying through WeChat: the client's answer proves nothing. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone, lost, ok } from '../support/phone.mjs'

const PAYMENT = { timeStamp: '1', nonceStr: 'n', package: 'prepay_id=1', signType: 'RSA', paySign: 's' }
let phone
let lib

beforeEach(async () => {
  phone = new Phone()
  phone.logIn()
  lib = await load({ pay: 'lib/pay.ts', keys: 'lib/keys.ts' })
})

const failing = (errMsg) => async () => {
  throw Object.assign(new Error(errMsg), { errMsg })
}

test('the server’s parameters are handed to WeChat as they are', async () => {
  const handed = []
  wx.requestPayment = async (options) => void handed.push(options)
  phone.server = () => ok({ payment: PAYMENT })
  assert.equal(await lib.pay.payOrder('T1'), 'asked')
  assert.deepEqual([phone.requests[0].method, phone.requests[0].path, handed], ['POST', '/api/orders/T1/pay', [PAYMENT]])
})

test('an order with nothing due needs no WeChat', async () => {
  phone.server = () => ok({ paid: true })
  assert.equal(await lib.pay.payOrder('T1'), 'asked')
})

test('who closes WeChat’s sheet has cancelled', async () => {
  wx.requestPayment = failing('requestPayment:fail cancel')
  phone.server = () => ok({ payment: PAYMENT })
  assert.equal(await lib.pay.payOrder('T1'), 'cancelled')
})

test('any other trouble of WeChat’s is told', async () => {
  wx.requestPayment = failing('requestPayment:fail jsapi has no permission')
  phone.server = () => ok({ payment: PAYMENT })
  await assert.rejects(lib.pay.payOrder('T1'), /no permission/)
  wx.requestPayment = async () => {
    throw new Error('without errMsg')
  }
  await assert.rejects(lib.pay.payOrder('T1'), /without errMsg/)
})

test('once the server knows the order, the same goods are another wish', async () => {
  const before = lib.keys.keyFor('these goods').value
  phone.server = () => lost
  await assert.rejects(lib.pay.payOrder('T1'))
  assert.equal(lib.keys.keyFor('these goods').value, before)
  phone.server = () => ok({ paid: true })
  await lib.pay.payOrder('T1')
  assert.notEqual(lib.keys.keyFor('these goods').value, before)
})
