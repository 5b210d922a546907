import * as carts from '../../api/cart'
import { Product, product } from '../../api/catalogue'
import { GroupBuy } from '../../api/group_buys'
import { me } from '../../api/members'
import { Shop, shop } from '../../api/shop'
import { Intent, Picked } from '../../components/sku-sheet/index'
import { cartCount, cartHolds, countCart } from '../../lib/badge'
import { MOST_PIECES, confirmPath, promotedPath } from '../../lib/checkout'
import { Limits, flashLimits } from '../../lib/flash'
import { Failure, tell } from '../../lib/failure'
import { go } from '../../lib/go'
import { offered } from '../../lib/group_buys'
import { priced } from '../../lib/money'
import { LOADING, show } from '../../lib/screen'
import { Sharing } from '../../lib/share'
import { now } from '../../lib/time'
import { absolute } from '../../lib/transport'
import { specText } from '../../lib/variants'

Page({
  data: {
    screen: LOADING,
    id: 0,
    product: null as Product | null,
    images: [] as string[],
    at: 0,
    sold: '',
    soldOut: false,
    tags: [] as string[],
    /** Why this member cannot buy it; '' if the member can. */
    barred: '',
    terms: [] as string[],
    promise: null as Shop['promise'] | null,
    choice: '',
    intent: 'both' as Intent,
    choosing: false,
    flashes: [] as Flash[],
    exchanges: [] as Exchange[],
    groupBuyId: 0,
    group: null as GroupBuy | null,
    grouped: null as Product | null,
    grouping: false,
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
        if (!found) return { product: found, promise: told.promise }
        const [limits, whyNot] = await Promise.all([limitsOf(found), barred(found)])
        return { product: found, promise: told.promise, barred: whyNot, ...shownParts(found, told.policy, limits) }
      },
      (loaded) => !loaded.product,
    )
    this.prepareSharing()
  },

  /** The product; null if it is not on sale. */
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

  /** The server takes the new total for the cart, so the number that is already there is read first. */
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

  /** Buy one piece at the flash price. The server says whether one is left. */
  grab({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { flash: Flash }>) {
    const { id, sku } = currentTarget.dataset.flash
    go(promotedPath([{ sku_id: sku, quantity: 1 }], { kind: 'flash_sale', id }))
  },

  exchange({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { exchange: Exchange }>) {
    const { id, sku } = currentTarget.dataset.exchange
    go(promotedPath([{ sku_id: sku, quantity: 1 }], { kind: 'points', id }))
  },

  /** The group-buy strip has loaded the activity, and the person wants to open a team. */
  openTeam({ detail }: WechatMiniprogram.CustomEvent<{ group: GroupBuy }>) {
    const { product: found } = this.data
    if (found) this.setData({ group: detail.group, grouped: offered(found, detail.group, true), grouping: true })
  },

  closeTeam() {
    this.setData({ grouping: false })
  },

  pickTeam({ detail }: WechatMiniprogram.CustomEvent<Picked>) {
    this.closeTeam()
    const id = this.data.group?.id
    if (id) go(promotedPath([{ sku_id: detail.sku.id, quantity: detail.quantity }], { kind: 'group_buy', id }))
  },

  openCart() {
    go('/pages/cart/index')
  },

  openRules() {
    go('/packages/referral/pages/rules/index')
  },

  openMall() {
    go('/packages/marketing/pages/points-mall/index')
  },

  openOthers() {
    const { product: found } = this.data
    if (found) getApp<{ wantedCategory?: string }>().wantedCategory = found.category.slug
    go('/pages/category/index')
  },
})

async function limitsOf({ promotions }: Product): Promise<Limits> {
  return promotions.some(({ kind }) => kind === 'flash_sale') ? flashLimits() : {}
}

function shownParts(found: Product, policy: Shop['policy'], limits: Limits) {
  return {
    images: found.images.map(absolute),
    tags: tagsOf(found),
    sold: found.sold_count ? `已售 ${found.sold_count}` : '新品',
    flashes: flashesOf(found, limits),
    exchanges: exchangesOf(found),
    groupBuyId: found.promotions.find((one) => one.kind === 'group_buy')?.id ?? 0,
    soldOut: found.skus.every((sku) => sku.stock_state === 'sold_out'),
    terms: termsOf(found, policy),
  }
}

function tagsOf({ kind, coupon, min_level: level, exchange_only: exchange }: Product): string[] {
  const delivered = kind === 'virtual' ? [coupon ? '自动发券' : '自动发卡密'] : []
  return [...delivered, ...(level ? [`${level.name}专享`] : []), ...(exchange ? ['积分兑换'] : [])]
}

/** If the member's level cannot be read, the server still refuses a purchase. */
async function barred({ min_level: needed }: Product): Promise<string> {
  if (!needed) return ''
  const standing = await me().then(
    ({ level }) => level?.position ?? 0,
    () => needed.position,
  )
  return standing < needed.position ? `${needed.name}及以上专享` : ''
}

/** A flash sale of one variant; `until` is the end of its countdown. */
interface Flash {
  id: number
  sku: number
  price: number
  started: boolean
  until: string
  spec: string
  act: string
  open: boolean
}

function flashesOf({ promotions, skus }: Product, limits: Limits): Flash[] {
  const flashes = promotions.filter((one) => one.kind === 'flash_sale')
  return flashes.map(({ id, sku_ids: [sku = 0], price_fen: price, starts_at, ends_at }) => {
    const started = Date.parse(starts_at) <= now()
    const spec = specText(skus.find((one) => one.id === sku)?.spec ?? {})
    const limit = started ? limits[id] : undefined
    const act = limit ?? (started ? '马上抢' : '即将开抢')
    return { id, sku, price, started, until: (started ? ends_at : starts_at) ?? '', spec, act, open: started && !limit }
  })
}

/** A variant that can be bought with points. */
interface Exchange {
  id: number
  sku: number
  points: number
  price: number
  spec: string
}

function exchangesOf({ promotions, skus }: Product): Exchange[] {
  const exchanges = promotions.filter((one) => one.kind === 'points')
  return exchanges.map(({ id, sku_ids: [sku = 0], points, price_fen: price }) => {
    const spec = specText(skus.find((one) => one.id === sku)?.spec ?? {})
    return { id, sku, points, price, spec }
  })
}

/** What the shop promises about delivery and returns, from its policy. */
function termsOf(found: Product, policy: Shop['policy']): string[] {
  const limit = found.limit_each === null ? [] : [`每人限购 ${found.limit_each} 件`]
  if (found.coupon) return [...limit, found.coupon, '付款后自动发到「我的优惠券」', '不需要收货地址，没有运费', '退款时收回优惠券，用过的按实际优惠扣回']
  if (found.kind === 'virtual') return [...limit, '付款后自动发卡密，在订单详情里查看', '不需要收货地址，没有运费', '卡密发出即视为交付，不支持无理由退货']
  const plain = policy.freight_fen ? `满 ${priced(policy.free_from_fen, true)} 包邮，不满收运费 ${priced(policy.freight_fen, true)}` : '全场包邮'
  const freight = found.freight.length ? found.freight : [plain]
  return [...limit, ...freight, '未发货前可随时申请退款', `签收后 ${policy.refund_days} 天内可申请退款`]
}
