/** Which items of flash sales a member can have no more of. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone, hurry, lost, ok } from '../support/phone.mjs'

let phone, flashLimits

beforeEach(async () => {
  phone = new Phone()
  phone.server = () => ok({ items: [{ id: 1, taken: 2, per_member: 2, label: '达到限购' }, { id: 2, taken: 1, per_member: 2, label: null }] })
  flashLimits = (await load('lib/flash.ts')).flashLimits
})

test('the server says of which, and in which words', async () => {
  phone.logIn()
  assert.deepEqual(await flashLimits(), { 1: '达到限购' })
})

test('a guest who cannot log in has none', async () => {
  wx.login = ({ fail }) => fail({ errMsg: 'login:fail open_in_wechat' })
  assert.deepEqual([await flashLimits(), phone.requests], [{}, []])
})

test('without an answer nothing is known, and nothing fails', async (context) => {
  hurry(context)
  phone.logIn()
  phone.server = () => lost
  assert.deepEqual(await flashLimits(), {})
})
