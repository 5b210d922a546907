/** The pages for the server's links. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { load, shop } from '../support/load.mjs'

const { commissionPage, orderPage, pageOf, rebatePage, withdrawalPage } = await load('lib/links.ts')

const PAGES = [
  ['order:T26-1', orderPage('T26-1'), '/packages/order/pages/detail/index?order_no=T26-1'],
  ['rebate:12', rebatePage(12), '/packages/referral/pages/rebate/index?id=12'],
  ['commission:3', commissionPage('3'), '/packages/wallet/pages/commission/index?id=3'],
  ['withdrawal:W26', withdrawalPage('W26'), '/packages/wallet/pages/withdrawal/index?no=W26'],
]
for (const [link, made, page] of PAGES) {
  test(`${link} is shown by a page that exists`, () => {
    assert.deepEqual([pageOf(link), made], [page, page])
    assert.ok(fs.existsSync(path.join(shop, `${page.split('?')[0]}.wxml`)))
  })
}

for (const link of ['', 'voucher', 'voucher:9', ':9']) {
  test(`“${link}” has no page`, () => assert.equal(pageOf(link), ''))
}
