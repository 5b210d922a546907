import * as carts from '../../api/cart'
import { Product, product } from '../../api/catalogue'
import { Shop, shop } from '../../api/shop'
import { Intent, Picked } from '../../components/sku-sheet/index'
import { cartCount, cartHolds, countCart } from '../../lib/badge'
import { MOST_PIECES, confirmPath } from '../../lib/checkout'
import { Failure, tell } from '../../lib/failure'
import { go } from '../../lib/go'
import { priced } from '../../lib/money'
import { LOADING, show } from '../../lib/screen'
import { Sharing } from '../../lib/share'
import { absolute } from '../../lib/transport'

Page({
  data: {
    screen: LOADING,
    id: 0,
    product: null as Product | null,
    images: [] as string[],
    at: 0,
    sold: '',
    soldOut: false,
    terms: [] as string[],
    promise: null as Shop['promise'] | null,
    choice: '',
    intent: 'both' as Intent,
    choosing: false,
    busy: false,
    inCart: 0,
  },
  sharing: null as Sharing | null,

  onLoad(query: Record<string, string | undefined>) {
    this.setData({ id: Number(query.id) || 0 })
    void this.load()
  },

  onShow() {
    this.setData({ inCart: cartCount() })
    void countCart().then((inCart) => this.setData({ inCart }))
    void this.sharing?.prepare()
  },

  async load() {
    await show(
      this,
      async () => {
        const [found, told] = await Promise.all([this.find(), shop()])
        return { product: found, promise: told.promise, ...(found ? shownParts(found, told.policy) : {}) }
      },
      (loaded) => !loaded.product,
    )
    this.prepareSharing()
  },

  /** The product; null when it is not on sale (any more). */
  async find(): Promise<Product | null> {
    try {
      return await product(this.data.id)
    } catch (error) {
      if (error instanceof Failure && error.code === 'not_found') return null
      throw error
    }
  },

  prepareSharing() {
    const { product: found, id } = this.data
    if (!found || this.sharing) return
    this.sharing = new Sharing('product', { title: found.title, path: `/pages/product/index?id=${id}` }, id)
    void this.sharing.prepare()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  onShareAppMessage() {
    return this.sharing?.message() ?? {}
  },

  onShareTimeline() {
    return this.sharing?.timeline() ?? {}
  },

  turn({ detail }: WechatMiniprogram.SwiperChange) {
    this.setData({ at: detail.current })
  },

  enlarge() {
    const { images, at } = this.data
    void wx.previewImage({ urls: images, current: images[at] })
  },

  openSheet({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { intent: Intent }>) {
    this.setData({ intent: currentTarget.dataset.intent, choosing: true })
  },

  closeSheet() {
    this.setData({ choosing: false })
  },

  setChoice({ detail }: WechatMiniprogram.CustomEvent<{ text: string }>) {
    this.setData({ choice: detail.text })
  },

  async pick({ detail }: WechatMiniprogram.CustomEvent<Picked>) {
    const { sku, quantity, act } = detail
    if (act === 'buy') {
      this.closeSheet()
      go(confirmPath([{ sku_id: sku.id, quantity }]))
      return
    }
    if (this.data.busy) return
    this.setData({ busy: true })
    try {
      await this.addToCart(detail)
    } catch (error) {
      tell(error)
    } finally {
      this.setData({ busy: false })
    }
  },

  /** The cart is told how many there shall be, so what lies in it already is asked first. */
  async addToCart({ sku, quantity }: Picked) {
    const held = (await carts.cart()).items.find((line) => line.sku_id === sku.id)?.quantity ?? 0
    const room = Math.max(0, Math.min(sku.available, MOST_PIECES) - held)
    if (held && quantity > room) {
      void wx.showToast({ title: `购物车里已有 ${held} 件，最多还能加 ${room} 件`, icon: 'none' })
      return
    }
    const cart = await carts.put(sku.id, held + quantity)
    cartHolds(cart.quantity)
    this.setData({ inCart: cart.quantity, choosing: false })
    void wx.showToast({ title: '已加入购物车', icon: 'success' })
  },

  openCart() {
    go('/pages/cart/index')
  },

  openRules() {
    go('/packages/referral/pages/rules/index')
  },

  openOthers() {
    const { product: found } = this.data
    if (found) getApp<{ wantedCategory?: string }>().wantedCategory = found.category.slug
    go('/pages/category/index')
  },
})

function shownParts(found: Product, policy: Shop['policy']) {
  return {
    images: found.images.map(absolute),
    sold: found.sold_count ? `已售 ${found.sold_count}` : '新品',
    soldOut: found.skus.every((sku) => sku.stock_state === 'sold_out'),
    terms: termsOf(found.kind, policy),
  }
}

/** What the shop promises about delivery and returns, by its policy. */
function termsOf(kind: Product['kind'], policy: Shop['policy']): string[] {
  if (kind === 'virtual') return ['付款后自动发卡密，在订单详情里查看', '不需要收货地址，没有运费', '卡密发出即视为交付，不支持无理由退货']
  const freight = policy.freight_fen ? `满 ${priced(policy.free_from_fen, true)} 包邮，不满收运费 ${priced(policy.freight_fen, true)}` : '全场包邮'
  return [freight, '未发货前可随时申请退款', `签收后 ${policy.refund_days} 天内可申请退款`]
}
