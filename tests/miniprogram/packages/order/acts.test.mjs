/** What a member can do with an order: the server says which actions, and those that cannot be undone ask first. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../../support/load.mjs'
import { Phone, ok } from '../../support/phone.mjs'

const { actsOf, perform } = await load('packages/order/acts.ts')
let phone
let questions

beforeEach(() => {
  phone = new Phone()
  phone.logIn()
  globalThis.getCurrentPages = () => [{}]
  questions = []
})

/** Let the member answer WeChat's question in this way. */
function saying(confirm) {
  wx.showModal = async (question) => {
    questions.push(question)
    return { confirm }
  }
}

const asked = () => phone.requests.map(({ method, path }) => `${method} ${path}`)
const opened = () => phone.told('navigateTo').map(({ url }) => url)

test('only what the server allows is offered, the likeliest last', () => {
  const labels = (...allowed_actions) => actsOf({ allowed_actions }).map(({ label, primary }) => `${label}${primary ? '!' : ''}`)
  assert.deepEqual(labels(), [])
  assert.deepEqual(labels('pay', 'cancel'), ['取消订单', '去付款!'])
  assert.deepEqual(labels('receive', 'refund'), ['申请退款', '确认收货!'])
  assert.deepEqual(labels('share_team', 'refund'), ['申请退款', '邀请好友拼团!'])
  assert.deepEqual(labels('something_new', 'refund'), ['申请退款'])
})

for (const [action, path, title] of [
  ['cancel', '/api/orders/T1/cancel', '要取消这笔订单吗？'],
  ['receive', '/api/orders/T1/receive', '收到全部商品了吗？'],
]) {
  test(`${action} is asked about first`, async () => {
    saying(false)
    assert.equal(await perform(action, 'T1'), false)
    assert.deepEqual([asked(), questions[0].title], [[], title])
    saying(true)
    assert.equal(await perform(action, 'T1'), true)
    assert.deepEqual(asked(), [`POST ${path}`])
  })
}

test('paying leads to its result', async () => {
  phone.server = () => ok({ paid: true })
  assert.equal(await perform('pay', 'T1'), true)
  assert.deepEqual([asked(), opened()], [['POST /api/orders/T1/pay'], ['/packages/order/pages/result/index?order_no=T1']])
})

test('a payment that was cancelled leaves the page as it is', async () => {
  phone.server = () => ok({ payment: { timeStamp: '1' } })
  wx.requestPayment = async () => {
    throw Object.assign(new Error(), { errMsg: 'requestPayment:fail cancel' })
  }
  assert.deepEqual([await perform('pay', 'T1'), opened()], [false, []])
})

test('a refund has a page of its own', async () => {
  assert.equal(await perform('refund', 'T1'), false)
  assert.deepEqual([asked(), opened()], [[], ['/packages/order/pages/refund/index?order_no=T1']])
})

test('a team is shared on its page, where there is one', async () => {
  phone.server = () => ok({ team_no: 'G1' })
  assert.equal(await perform('share_team', 'T1'), false)
  phone.server = () => ok({ team_no: null })
  await perform('share_team', 'T1')
  assert.deepEqual(opened(), ['/packages/marketing/pages/team/index?team_no=G1'])
})

test('what is not known is not done', async () => {
  assert.equal(await perform('something_new', 'T1'), false)
  assert.deepEqual([asked(), phone.calls], [[], []])
})
