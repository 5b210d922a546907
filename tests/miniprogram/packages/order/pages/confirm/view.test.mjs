/** An order before it is placed: the data of its price, and the reasons why it cannot be placed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../../../../support/load.mjs'

const { view, failure, config } = await load({ view: 'packages/order/pages/confirm/view.ts', failure: 'lib/failure.ts', config: 'config.ts' })

const MEANS = { address: null, couponId: null, useBalance: false, usePoints: false }
const PRICED = { lines: [], discounts: [], freight_fen: 0, balance_fen: 0, points: 0, combines: [] }
const drawn = (shown = {}, means = {}, coupons = []) => view.drawn({ ...MEANS, ...means }, { ...PRICED, ...shown }, coupons)
const OFF = { kind: 'coupon', label: '优惠券', amount_fen: 500 }

for (const [fen, text] of [[0, ''], [1, '-¥0.01'], [100_000_000, '-¥1,000,000.00']]) {
  test(`${fen} fen of balance`, () => assert.equal(drawn({ balance_fen: fen }).balanceText, text))
}

test('points that pay', () => {
  const discounts = [{ kind: 'points', label: '120 积分抵扣', amount_fen: 120 }]
  assert.equal(drawn({ points: 120, discounts, kind: 'normal' }).pointsText, '120 积分 -¥1.20')
  assert.equal(drawn({ points: 120, discounts, kind: 'points' }).pointsText, '')
  assert.equal(drawn({ points: 0, kind: 'normal' }).pointsText, '')
})

for (const [couponId, discounts, coupons, text] of [
  [null, [], [], '暂无可用'],
  [null, [], [{ fits: false }], '暂无可用'],
  [null, [], [{ fits: true }, { fits: false }, { fits: true }], '2 张可用'],
  [7, [OFF], [{ fits: true }], '-¥5.00'],
  [7, [{ ...OFF, kind: 'level' }], [{ fits: true }], '1 张可用'],
  [null, [OFF], [{ fits: true }], '1 张可用'],
]) {
  test(`coupon ${couponId} with ${discounts.map(({ kind }) => kind)} says ${text}`, () => {
    assert.equal(drawn({ discounts }, { couponId }, coupons).couponText, text)
  })
}

test('what goes together is as the server says', () => {
  const combines = [{ what: 'coupon', label: '', allowed: true }, { what: 'points', label: '', allowed: false }]
  assert.deepEqual(drawn({ combines }).may, { coupon: true, points: false })
})

test('lines have pictures and variants, and in an exchange the points of a piece', () => {
  const lines = [{ image: '/files/a.png', spec: { 规格: '400g' }, amount_fen: 1, points: 2400, quantity: 2 }]
  const [line] = drawn({ lines, kind: 'normal' }).lines
  assert.deepEqual([line.picture, line.specText, line.pointsText, line.amount_fen], [`${config.baseUrl}/files/a.png`, '400g', '', 1])
  assert.equal(drawn({ lines, kind: 'points' }).lines[0].pointsText, '1200 积分')
  assert.equal(drawn({ lines: [{ image: '', spec: {} }] }).lines[0].picture, '')
})

test('what it was drawn of comes with it', () => {
  const { means, shown, coupons } = drawn({ points: 1 }, { couponId: 7 }, [{ fits: true }])
  assert.deepEqual([means.couponId, shown.points, coupons.length], [7, 1, 1])
})

const ITEMS = [
  { sku_id: 1, quantity: 5 },
  { sku_id: 2, quantity: 1 },
]
const trouble = (code, detail = {}, items = ITEMS, exchange = false) =>
  view.troubleOf(new failure.Failure('refused', code, '服务器的话', 422, detail), items, exchange)

test('what runs short can be bought as far as it is there', () => {
  assert.deepEqual(trouble('stock_insufficient', { sku_id: 1, available: 2 }), {
    title: '服务器的话',
    text: '现在只剩 2 件',
    instead: [{ sku_id: 1, quantity: 2 }, ITEMS[1]],
    way: '就买 2 件',
  })
})

test('what is gone is left out; where nothing else is left there is no other way', () => {
  const gone = trouble('stock_insufficient', { sku_id: 1, available: 0 })
  assert.deepEqual([gone.text, gone.instead, gone.way], ['刚刚被买完了', [ITEMS[1]], '去掉它，买其余的'])
  assert.equal(trouble('stock_insufficient', { sku_id: 1, available: 0 }, [ITEMS[0]]).instead, null)
})

test('of a whole cart no part is bought instead', () => {
  assert.equal(trouble('stock_insufficient', { sku_id: 1, available: 2 }, null).instead, null)
  assert.equal(trouble('sku_unavailable', { sku_id: 1 }, null).instead, null)
})

test('what was taken off the shelf is left out', () => {
  const { text, instead } = trouble('sku_unavailable', { sku_id: 2 })
  assert.deepEqual([text, instead], ['它刚刚下架了', [ITEMS[0]]])
})

for (const [detail, text, instead, unpaid] of [
  [{ max_orders: 5 }, '付款或取消后，就可以继续下单', null, true],
  [{ sku_id: 1, unpaid: 17, max_pieces: 20 }, '付款或取消后，就可以继续下单', [{ sku_id: 1, quantity: 3 }, ITEMS[1]], true],
  [{ sku_id: 1, unpaid: 20, max_pieces: 20 }, '付款或取消后，就可以继续下单', null, true],
  [{ sku_id: 1, unpaid: 0, max_pieces: 4 }, '', [{ sku_id: 1, quantity: 4 }, ITEMS[1]], false],
]) {
  test(`too much unpaid: ${JSON.stringify(detail)}`, () => {
    const told = trouble('unpaid_limit', detail)
    assert.deepEqual([told.title, told.text, told.instead, told.unpaid], ['服务器的话', text, instead, unpaid])
    assert.equal(trouble('unpaid_limit', detail, null).instead, null)
  })
}

test('who queues may try the same again', () => {
  assert.deepEqual(trouble('promotion_queued').instead, ITEMS)
})

for (const [reason, title] of [
  ['not_started', '活动还没有开始'],
  ['over', '活动已经结束'],
  ['items', '这件商品不参加活动'],
  ['limit', '超过了每人限购的数量'],
  ['sold_out', '活动商品已经没有了'],
  ['team_unknown', '没有找到这个团'],
  ['team_over', '这个团已经结束了'],
  ['team_full', '这个团刚刚满员了'],
  ['joined', '你已经在这个团里了'],
  ['something_new', '服务器的话'],
]) {
  test(`a promotion refused for ${reason}`, () => {
    for (const code of ['promotion_refused', 'promotion_unknown']) {
      const told = trouble(code, { reason })
      assert.deepEqual([told.title, told.instead, told.apart], [title, null, false])
    }
  })
}

test('a full team leads to one of one’s own, where the server says so', () => {
  const told = trouble('promotion_refused', { reason: 'team_full', can_open: true })
  assert.deepEqual([told.instead, told.apart, told.way, told.text], [ITEMS, true, '自己开一个团', '可以自己开一个团，邀请好友一起拼'])
  assert.equal(trouble('promotion_refused', { reason: 'team_full', can_open: 'yes' }).apart, false)
})

test('too few points stand in the way of an exchange only', () => {
  assert.equal(trouble('points_unavailable', { available: 30 }, ITEMS, true).text, '现在可用 30 积分')
  assert.equal(trouble('points_unavailable', { available: 30 }), null)
})

test('too many kinds of goods are told with the limit, other faults in the server’s words', () => {
  const { title, text } = trouble('items_invalid', { lines: 51, max_lines: 50 })
  assert.deepEqual([title, text], ['一次买不了这么多种', '一个订单最多 50 种商品'])
  const other = trouble('items_invalid', { lines: 50, max_lines: 50 })
  assert.deepEqual([other.title, other.text], ['服务器的话', ''])
  assert.equal(trouble('items_invalid').title, '服务器的话')
})

test('any other failure is none of the goods’', () => {
  assert.equal(trouble('balance_insufficient'), null)
  assert.equal(view.troubleOf(failure.unheard('offline'), ITEMS), null)
  assert.equal(view.troubleOf(new Error('x'), ITEMS), null)
})
