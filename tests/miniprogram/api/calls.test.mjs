/** Every call to the server: its method, path and body, who makes it, and whether it has an idempotency key. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { beforeEach, test } from 'node:test'

import { load, shop } from '../support/load.mjs'
import { Phone, ok } from '../support/phone.mjs'

const modules = fs.readdirSync(path.join(shop, 'api')).map((file) => path.basename(file, '.ts'))
const api = await load(Object.fromEntries(modules.map((name) => [name, `api/${name}.ts`])))
let phone

beforeEach(() => {
  phone = new Phone()
  phone.logIn()
  phone.server = () => ok({ items: [], now: '2026-11-22T06:00:00Z' })
})

const FORM = { name: '小满', phone: '13800000000', province: '', city: '', district: '', detail: '', is_default: true }
const WISH = { items: [{ sku_id: 1, quantity: 2 }] }
const SEEN = { lines: [{ sku_id: 1, quantity: 2, title: '柿饼' }] }

/** module.function · arguments · what is sent · body. `!`: with a key that is kept until the result is known. */
const CALLS = [
  ['addresses.addresses', [], 'GET /addresses'],
  ['addresses.add', [FORM], 'POST /addresses', FORM],
  ['addresses.change', [7, FORM], 'PUT /addresses/7', FORM],
  ['addresses.remove', [7], 'DELETE /addresses/7', {}],
  ['cart.cart', [], 'GET /cart'],
  ['cart.put', [1, 0], 'PUT /cart/items', { sku_id: 1, quantity: 0 }],
  ['cart.remove', [1], 'DELETE /cart/items/1', {}],
  ['catalogue.categories', [], 'GET /categories'],
  ['catalogue.products', [{ q: '茶', min_price_fen: 0 }, null], 'GET /products?q=%E8%8C%B6&min_price_fen=0&limit=20'],
  ['catalogue.products', [{ coupon: 5, q: '茶' }, 'c', 2], 'GET /coupons/5/products?cursor=c&limit=2'],
  ['catalogue.product', [7], 'GET /products/7'],
  ['commissions.commissions', ['c'], 'GET /commissions?cursor=c'],
  ['commissions.commission', [3], 'GET /commissions/3'],
  ['commissions.sums', [], 'GET /commissions/summary'],
  ['coupons.coupons', ['unused', null], 'GET /coupons?state=unused'],
  ['coupons.offers', [], 'GET /coupon-templates'],
  ['coupons.claim', [4], 'POST! /coupon-templates/4/claim', {}],
  ['coupons.choices', [WISH], 'POST /orders/coupons', WISH],
  ['flash.flashSales', [], 'GET /flash-sales'],
  ['flash.flashSale', [2], 'GET /flash-sales/2'],
  ['flash.taken', [], 'GET /flash-sales/mine'],
  ['group_buys.groupBuys', [null], 'GET /group-buys'],
  ['group_buys.groupBuy', [9], 'GET /group-buys/9'],
  ['group_buys.team', ['G1'], 'GET /teams/G1'],
  ['members.me', [], 'GET /me'],
  ['members.change', [{ nickname: '谷雨' }], 'PUT /me', { nickname: '谷雨' }],
  ['members.setPhone', ['code'], 'POST /me/phone', { code: 'code' }],
  ['notices.templates', [], 'GET /notices/templates'],
  ['notices.report', [{ refund: 'accept' }], 'POST /notices/subscriptions', { results: { refund: 'accept' } }],
  ['orders.preview', [WISH], 'POST /orders/preview', WISH],
  ['orders.place', [WISH, SEEN], 'POST! /orders', WISH],
  ['orders.orders', [{ status: 'paid' }, 'c'], 'GET /orders?status=paid&cursor=c'],
  ['orders.orders', [{ with_refund: true }, null], 'GET /orders?with_refund=true'],
  ['orders.counts', [], 'GET /orders/counts'],
  ['members.sessions', [], 'GET /me/sessions'],
  ['members.endSession', ['a1'], 'DELETE /me/sessions/a1', {}],
  ['members.leave', [], 'POST /logout', {}],
  ['orders.order', ['T1'], 'GET /orders/T1'],
  ['orders.pay', ['T1'], 'POST /orders/T1/pay', {}],
  ['orders.cancel', ['T1'], 'POST /orders/T1/cancel', {}],
  ['orders.receive', ['T1'], 'POST /orders/T1/receive', {}],
  ['orders.refund', ['T1', '不想要了'], 'POST! /orders/T1/refunds', { reason: '不想要了' }],
  ['orders.refund', ['T1', 'r', [{ line_id: 3, quantity: 1 }]], 'POST! /orders/T1/refunds', { reason: 'r', lines: [{ line_id: 3, quantity: 1 }] }],
  ['orders.refunds', ['T1'], 'GET /orders/T1/refunds'],
  ['orders.withdrawRefund', ['T1', 'R1'], 'POST /orders/T1/refunds/R1/withdraw', {}],
  ['orders.sendBack', ['T1', 'R1', '顺丰', 'SF1'], 'POST /orders/T1/refunds/R1/parcel', { company: '顺丰', tracking_no: 'SF1' }],
  ['points.pointsGoods', [], 'GET /points/goods'],
  ['points.points', [], 'GET /points'],
  ['points.pointLines', [null], 'GET /points/statement'],
  ['points.checkIn', [], 'POST /points/check-in', {}],
  ['referral.referral', [], 'GET /me/referral'],
  ['referral.returnable', [], 'GET /me/referral/returnable'],
  ['referral.choose', ['T1'], 'POST /me/referral/choose', { order_no: 'T1' }],
  ['referral.rebates', [null], 'GET /rebates'],
  ['referral.rebate', [1], 'GET /rebates/1'],
  ['referral.downline', ['c'], 'GET /me/downline?cursor=c'],
  ['shares.share', ['home', 'friend'], 'POST /shares', { kind: 'home', channel: 'friend' }],
  ['shares.share', ['team', 'poster', 'G1'], 'POST /shares', { kind: 'team', channel: 'poster', target_id: 'G1' }],
  ['shares.mine', [null], 'GET /shares'],
  ['shares.landing', ['ABCD'], 'GET /shares/ABCD'],
  ['shares.touch', ['ABCD', { visitor_id: 'v' }], 'POST /shares/ABCD/touch', { visitor_id: 'v' }],
  ['shop.shop', [true], 'GET /shop'],
  ['wallet.wallet', [], 'GET /wallet'],
  ['wallet.statement', ['2026-11', 'rebate', null], 'GET /wallet/statement?month=2026-11&kind=rebate'],
  ['wallet.statement', ['', '', 'c'], 'GET /wallet/statement?cursor=c'],
  ['wallet.months', [], 'GET /wallet/months'],
  ['withdrawals.preview', [null], 'GET /withdrawals/preview'],
  ['withdrawals.preview', [1], 'GET /withdrawals/preview?amount_fen=1'],
  ['withdrawals.request', [10_000, ''], 'POST! /withdrawals', { amount_fen: 10_000 }],
  ['withdrawals.request', [10_000, '小满'], 'POST! /withdrawals', { amount_fen: 10_000, real_name: '小满' }],
  ['withdrawals.withdrawals', [null], 'GET /withdrawals'],
  ['withdrawals.withdrawal', ['W1'], 'GET /withdrawals/W1'],
  ['withdrawals.cancel', ['W1'], 'POST /withdrawals/W1/cancel', {}],
]

/** Tested elsewhere (files of the device), or not a call (an address). */
const OTHERS = ['members.setAvatar', 'wallet.statementFile', 'shares.posterPath']

for (const [name, given, sent, body] of CALLS) {
  test(`${name}(${JSON.stringify(given).slice(1, -1)})`, async () => {
    const [module, call] = name.split('.')
    await api[module][call](...given)
    const [{ method, path: address, header, data }, ...others] = phone.requests
    assert.equal(`${method}${'Idempotency-Key' in header ? '!' : ''} ${address}`, sent.replace(' /', ' /api/'))
    assert.deepEqual([data, others], [body, []])
  })
}

test('no call is missing here', () => {
  const exported = modules.flatMap((module) => Object.keys(api[module]).map((name) => `${module}.${name}`))
  assert.deepEqual(exported.sort(), [...new Set([...CALLS.map(([name]) => name), ...OTHERS])].sort())
})

test('what anybody may see needs no login; all else does', async () => {
  const open = []
  for (const [name, given] of CALLS) {
    phone = new Phone()
    phone.server = () => ok({ items: [], now: '2026-11-22T06:00:00Z', token: 't', binding: { status: 'none' } })
    let logins = 0
    wx.login = ({ success }) => success({ code: `${(logins += 1)}` })
    const [module, call] = name.split('.')
    await api[module][call](...given)
    if (!logins) open.push(name)
  }
  assert.deepEqual([...new Set(open)], [
    'catalogue.categories',
    'catalogue.products',
    'catalogue.product',
    'coupons.offers',
    'flash.flashSales',
    'flash.flashSale',
    'group_buys.groupBuys',
    'group_buys.groupBuy',
    'notices.templates',
    'points.pointsGoods',
    'shares.landing',
    'shares.touch',
    'shop.shop',
  ])
})

test('files of the device', async () => {
  const asked = []
  wx.uploadFile = ({ url, success }) => success({ statusCode: 200, data: asked.push(url) && '{}' })
  wx.downloadFile = ({ url, success }) => success({ statusCode: 200, tempFilePath: asked.push(url) && 'tmp://x' })
  await api.members.setAvatar('tmp://a')
  await api.wallet.statementFile('2026-11')
  await api.wallet.statementFile('')
  assert.deepEqual(asked.map((url) => url.split('/api')[1]), ['/me/avatar', '/wallet/statement.xlsx?month=2026-11', '/wallet/statement.xlsx'])
  assert.equal(api.shares.posterPath('ABCD'), '/api/shares/ABCD/poster.png')
})
