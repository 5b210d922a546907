import { Address, addresses } from '../../../../api/addresses'
import * as carts from '../../../../api/cart'
import * as orders from '../../../../api/orders'
import { OrderPromotion, Previewed, Wish } from '../../../../api/orders'
import { shop } from '../../../../api/shop'
import { wallet } from '../../../../api/wallet'
import { countCart } from '../../../../lib/badge'
import { Chosen, itemsOf, promotionOf } from '../../../../lib/checkout'
import { Failure, asFailure, tell } from '../../../../lib/failure'
import { go } from '../../../../lib/go'
import { priced } from '../../../../lib/money'
import { askToNotify, prepareNotices } from '../../../../lib/notices'
import { payOrder } from '../../../../lib/pay'
import { LOADING, show } from '../../../../lib/screen'
import { OrderCoupon, offered, whyUnusable } from '../../choosing'
import { Basis, Means, Trouble, drawn, troubleOf } from './view'

Page({
  data: {
    screen: LOADING,
    shown: null as Previewed | null,
    means: { address: null, couponId: null, useBalance: false, usePoints: false } as Means,
    walletFen: 0,
    points: 0,
    coupons: [] as OrderCoupon[],
    addressNote: '',
    couponNote: '',
    balanceNote: '',
    pointsNote: '',
    remark: '',
    trouble: null as Trouble | null,
    fromCart: false,
    choosingCoupon: false,
    explained: false,
    busy: false,
    placing: false,
  },
  /** The items to order; null for the whole cart. */
  items: null as Chosen[] | null,
  promotion: null as OrderPromotion | null,
  /** A choice that was made while a price was being loaded. */
  wanted: null as Means | null,
  notified: false,
  left: false,

  onLoad(query: Record<string, string | undefined>) {
    this.items = itemsOf(query.items)
    this.promotion = promotionOf(query)
    this.setData({ fromCart: !this.items || query.cart === '1', explained: Boolean(this.promotion) })
    prepareNotices()
    void this.load()
  },

  /** On return from the addresses: the chosen address may have been changed. */
  onShow() {
    if (this.data.means.address) void this.readAddress()
  },

  onUnload() {
    this.left = true
  },

  async load() {
    await show(
      this,
      async () => {
        const [known, money] = await Promise.all([addresses(), wallet(), shop()])
        const address = known.find(({ id }) => id === this.data.means.address?.id) ?? known.find((one) => one.is_default) ?? known[0]
        const means: Means = { address: address ?? null, couponId: null, useBalance: false, usePoints: false }
        return { walletFen: money.available_fen, points: money.points, ...(await this.opened(means)) }
      },
      ({ trouble }) => Boolean(trouble),
    )
  },

  /** The first price: with the best coupon, and without balance until it is switched on. */
  async opened(means: Means): Promise<Partial<Basis> & { trouble: Trouble | null }> {
    try {
      const { coupons, best } = await offered(this.wish(means))
      const chosen = { ...means, couponId: best }
      return { ...drawn(chosen, await orders.preview(this.wish(chosen)), coupons), trouble: null }
    } catch (error) {
      const trouble = troubleOf(error, this.items, this.promotion?.kind === 'points')
      if (!trouble) throw error
      return { trouble }
    }
  },

  wish({ address, couponId, useBalance, usePoints }: Means): Wish {
    return {
      ...(this.items ? { items: this.items } : { from_cart: true }),
      ...(this.promotion ? { promotion: this.promotion } : {}),
      address_id: address?.id ?? null,
      coupon_id: couponId,
      points: usePoints ? this.data.points : 0,
      use_balance_fen: useBalance ? this.data.walletFen : 0,
    }
  },

  /** Ask for the price again with other means. Choices made meanwhile are kept. */
  async change(changes: Partial<Means>) {
    this.wanted = { ...(this.wanted ?? this.data.means), ...changes }
    if (this.data.busy) return
    this.setData({ busy: true, addressNote: '', couponNote: '', balanceNote: '', pointsNote: '' })
    for (let means: Means | null = this.wanted; means; means = this.wanted) {
      await this.reprice(means)
      if (this.wanted === means) this.wanted = null
    }
    this.setData({ busy: false })
  },

  async reprice(means: Means) {
    try {
      const [shown, { coupons }] = await Promise.all([orders.preview(this.wish(means)), offered(this.wish(means))])
      this.setData({ ...drawn(means, shown, coupons) })
    } catch (error) {
      await this.recover(error, means)
    }
  },

  /** Show the refusal in its place, remove what was refused, and ask for the price without it. */
  async recover(error: unknown, means: Means): Promise<void> {
    const failure = asFailure(error)
    const trouble = troubleOf(failure, this.items, this.promotion?.kind === 'points')
    if (trouble) this.setData({ trouble, screen: { phase: 'empty', problem: null } })
    else if (failure.code === 'coupon_unusable') await this.dropCoupon(failure, means)
    else if (failure.code === 'points_unavailable') await this.dropPoints(means)
    else if (failure.code === 'balance_insufficient') await this.dropBalance(means)
    else if (failure.code === 'not_found') await this.dropAddress(means)
    else if (failure.code === 'address_required') this.setData({ addressNote: failure.message })
    else tell(failure)
  },

  async dropCoupon(failure: Failure, means: Means) {
    this.setData({ couponNote: whyUnusable(failure) })
    await this.reprice({ ...means, couponId: null })
  },

  async dropBalance(means: Means) {
    const { available_fen: walletFen } = await wallet().catch(() => ({ available_fen: 0 }))
    this.setData({ walletFen, balanceNote: `余额有变化，现在可用 ${priced(walletFen)}，请重新选择` })
    await this.reprice({ ...means, useBalance: false })
  },

  async dropPoints(means: Means) {
    const { points } = await wallet().catch(() => ({ points: 0 }))
    this.setData({ points, pointsNote: `积分有变化，现在可用 ${points}，请重新选择` })
    await this.reprice({ ...means, usePoints: false })
  },

  async dropAddress(means: Means) {
    this.setData({ addressNote: '这个地址已不存在，请重新选择' })
    await this.reprice({ ...means, address: null })
  },

  chooseAddress() {
    const events = { chosen: (address: Address) => void this.change({ address }) }
    go('/packages/member/pages/addresses/index?choose=1', events)
  },

  async readAddress() {
    const known = await addresses().catch(() => [])
    const address = known.find(({ id }) => id === this.data.means.address?.id)
    if (address) this.setData({ 'means.address': address })
  },

  openCoupons() {
    this.setData({ choosingCoupon: true })
  },

  closeCoupons() {
    this.setData({ choosingCoupon: false })
  },

  chooseCoupon({ detail }: WechatMiniprogram.CustomEvent<{ id: number | null }>) {
    this.closeCoupons()
    if (detail.id !== this.data.means.couponId) void this.change({ couponId: detail.id })
  },

  switchBalance({ detail }: WechatMiniprogram.SwitchChange) {
    void this.change({ useBalance: detail.value })
  },

  switchPoints({ detail }: WechatMiniprogram.SwitchChange) {
    void this.change({ usePoints: detail.value })
  },

  typeRemark({ detail }: WechatMiniprogram.Input) {
    this.setData({ remark: detail.value })
  },

  explain() {
    this.setData({ explained: !this.data.explained })
  },

  async submit() {
    const { shown, means, busy, placing } = this.data
    if (!shown || busy || placing) return
    if (shown.address_needed && !means.address) {
      this.setData({ addressNote: '请先选择收货地址' })
      this.chooseAddress()
      return
    }
    this.setData({ placing: true })
    try {
      await this.askOnce()
      await this.place(shown, means)
    } catch (error) {
      this.setData({ placing: false })
      await this.recover(error, means)
    }
  },

  /** WeChat shows its question only directly after a tap, so it comes before the request. */
  async askOnce() {
    if (this.notified) return
    this.notified = true
    await askToNotify(this.promotion?.kind === 'group_buy' ? 'group_order' : 'order')
  },

  async place(shown: Previewed, means: Means) {
    // Exactly the balance and points that were shown: what has come into the wallet since then is not spent.
    const wish = { ...this.wish(means), points: means.usePoints ? shown.points : 0, use_balance_fen: shown.balance_fen, remark: this.data.remark.trim() }
    const placed = await orders.place(wish, shown)
    const no = placed.order_no ?? ''
    await this.tidyCart()
    if (this.left) {
      void wx.showToast({ title: '订单已提交，请在「我的订单」里付款', icon: 'none' })
      return
    }
    const goOn = placed.cash_due_fen === shown.cash_due_fen || (await sureOf(placed.cash_due_fen))
    const asked = goOn && (await paid(no))
    await wx.redirectTo({ url: `/packages/order/pages/result/index?order_no=${no}${asked ? '' : '&cancelled=1'}` })
  },

  /** The server empties the cart after an order of the whole cart. For a part, the ordered items are removed here. */
  async tidyCart() {
    if (!this.data.fromCart) return
    await Promise.allSettled((this.items ?? []).map(({ sku_id }) => carts.remove(sku_id)))
    await countCart()
  },

  /** Take the way that the refusal offers: fewer pieces, a team of one's own, or pieces that came back. */
  async takeLess() {
    const { trouble } = this.data
    if (!trouble?.instead) return
    this.items = trouble.instead
    if (trouble.apart && this.promotion) this.promotion = { kind: this.promotion.kind, id: this.promotion.id }
    this.setData({ trouble: null, screen: LOADING })
    await this.load()
  },

  openUnpaid() {
    go('/packages/order/pages/list/index?tab=pending')
  },

  leave() {
    void wx.navigateBack({ fail: () => void wx.switchTab({ url: '/pages/cart/index' }) })
  },
})

/** Returns whether WeChat was asked to pay. If the payment cannot be opened, the order still exists. */
async function paid(orderNo: string): Promise<boolean> {
  try {
    return (await payOrder(orderNo)) === 'asked'
  } catch (error) {
    tell(error)
    return false
  }
}

async function sureOf(dueFen: number): Promise<boolean> {
  const content = `价格刚刚有变化，现在应付 ${priced(dueFen)}。订单已生成，可以稍后再付。`
  const { confirm } = await wx.showModal({ title: '价格有变化', content, confirmText: '继续支付', cancelText: '先不付' })
  return confirm
}
