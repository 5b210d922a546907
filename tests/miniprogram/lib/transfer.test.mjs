/** Accepting a transfer in WeChat: the client's answer proves nothing. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone } from '../support/phone.mjs'

const WITHDRAWAL = { confirm: { mch_id: '1900000001', app_id: 'wx1', package: 'p' } }
const { acceptTransfer } = await load('lib/transfer.ts')
let handed

/** A phone on which WeChat answers the acceptance in this way. */
function answering(answer) {
  wx.requestMerchantTransfer = (options) => {
    handed.push(options)
    if (answer) options.fail({ errMsg: answer })
    else options.success({})
  }
}

beforeEach(() => {
  new Phone()
  handed = []
  wx.canIUse = (name) => name === 'requestMerchantTransfer'
  answering('')
})

test('the server’s parameters are handed to WeChat', async () => {
  assert.equal(await acceptTransfer(WITHDRAWAL), 'asked')
  const { mchId, appId, package: parcel } = handed[0]
  assert.deepEqual([mchId, appId, parcel], ['1900000001', 'wx1', 'p'])
})

test('with nothing to confirm WeChat is not asked', async () => {
  assert.equal(await acceptTransfer({ confirm: null }), 'cancelled')
  assert.deepEqual(handed, [])
})

test('a WeChat that cannot do it is too old', async () => {
  wx.canIUse = () => false
  assert.equal(await acceptTransfer(WITHDRAWAL), 'too_old')
  assert.deepEqual(handed, [])
})

test('who closes the sheet has cancelled, any other trouble is told', async () => {
  answering('requestMerchantTransfer:fail cancel')
  assert.equal(await acceptTransfer(WITHDRAWAL), 'cancelled')
  answering('requestMerchantTransfer:fail expired')
  await assert.rejects(acceptTransfer(WITHDRAWAL), /expired/)
})
