/** Asking whether a member allows messages: it never stops what the member is doing. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone, hurry, lost, ok } from '../support/phone.mjs'

const KEYS = JSON.parse(readFileSync(new URL('../../../server/seed/data/notices.json', import.meta.url), 'utf8')).map(({ key }) => key)
const MOMENTS = [
  ['order', ['paid', 'shipped', 'refund']],
  ['group_order', ['team', 'shipped', 'refund']],
  ['share', ['qualified', 'rebate_frozen', 'rebate_settled']],
  ['refund', ['refund']],
  ['coupon', ['coupon_ending']],
  ['withdraw', ['withdrawal']],
  ['commission', ['commission_frozen', 'commission_settled']],
  ['level', ['level', 'points_expiring']],
]
let phone
let notices
let asked
let templates

beforeEach(async (context) => {
  hurry(context)
  context.mock.method(console, 'info', () => undefined)
  phone = new Phone()
  phone.logIn()
  templates = ok({ items: KEYS.map((key) => ({ key, template_id: `id-${key}`, title: key })) })
  phone.server = ({ path }) => (path === '/api/notices/templates' ? templates : ok({}))
  asked = []
  wx.requestSubscribeMessage = async ({ tmplIds }) => {
    asked.push(tmplIds)
    return Object.fromEntries(tmplIds.map((id, at) => [id, at ? 'reject' : 'accept']))
  }
  notices = await load('lib/notices.ts')
})

const reported = () => phone.requests.filter(({ path }) => path === '/api/notices/subscriptions').map(({ data }) => data.results)

for (const [moment, wanted] of MOMENTS) {
  test(`at “${moment}” it is asked about ${wanted}`, async () => {
    await notices.askToNotify(moment)
    assert.deepEqual(asked, [KEYS.filter((key) => wanted.includes(key)).map((key) => `id-${key}`)])
    assert.ok(wanted.length <= 3)
    assert.deepEqual(reported(), [Object.fromEntries(wanted.map((key) => [key, `id-${key}` === asked[0][0] ? 'accept' : 'reject']))])
  })
}

test('each message of the shop is asked about at some moment', () => {
  assert.deepEqual([...new Set(MOMENTS.flatMap(([, wanted]) => wanted))].sort(), [...KEYS].sort())
})

test('the templates are read once, ahead', async () => {
  notices.prepareNotices()
  notices.prepareNotices()
  await notices.askToNotify('order')
  assert.equal(phone.requests.filter(({ path }) => path === '/api/notices/templates').length, 1)
})

test('without templates nobody is asked', async () => {
  templates = ok({ items: [] })
  await notices.askToNotify('order')
  assert.deepEqual([asked, reported()], [[], []])
})

test('templates that did not come are read again the next time', async () => {
  const all = templates
  templates = lost
  await notices.askToNotify('order')
  templates = all
  await notices.askToNotify('order')
  assert.equal(asked.length, 1)
})

test('who switched it off, or cannot be told, is not disturbed', async () => {
  wx.requestSubscribeMessage = async () => {
    throw Object.assign(new Error('off'), { errMsg: 'requestSubscribeMessage:fail' })
  }
  await notices.askToNotify('order')
  assert.deepEqual(reported(), [])
})

test('what WeChat did not answer is not reported', async () => {
  wx.requestSubscribeMessage = async () => ({ errMsg: 'ok', 'id-refund': 'ban' })
  await notices.askToNotify('order')
  assert.deepEqual(reported(), [{ refund: 'ban' }])
})
