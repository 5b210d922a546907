import * as api from '../../../../api/coupons'
import { Coupon, Offer } from '../../../../api/coupons'
import { Tab } from '../../../../components/tabs/index'
import { tell } from '../../../../lib/failure'
import { go } from '../../../../lib/go'
import { Listing, MORE } from '../../../../lib/listing'
import { priced } from '../../../../lib/money'
import { LOADING } from '../../../../lib/screen'
import { day } from '../../../../lib/time'

type Drawer = 'unused' | 'used' | 'expired'

const TABS: Array<Tab & { key: Drawer; empty: string }> = [
  { key: 'unused', label: '可用', empty: '还没有可用的优惠券' },
  { key: 'used', label: '已用', empty: '还没有用过优惠券' },
  { key: 'expired', label: '已过期', empty: '没有过期的优惠券' },
]

interface ShownCoupon extends Coupon {
  time: string
  remark: string
}

interface ShownOffer extends Offer {
  time: string
  remark: string
}

Page({
  data: {
    screen: LOADING,
    tabs: TABS as Tab[],
    tab: 'unused' as Drawer,
    emptyTitle: '',
    items: [] as ShownCoupon[],
    end: MORE,
    offers: [] as ShownOffer[],
    claiming: 0,
  },
  listing: null as Listing<Coupon, ShownCoupon> | null,

  onLoad() {
    this.listing = new Listing<Coupon, ShownCoupon>(this, (cursor) => api.coupons(this.data.tab, cursor), shownCoupon)
    this.open('unused')
    void this.loadOffers()
  },

  choose({ detail }: WechatMiniprogram.CustomEvent<{ key: Drawer }>) {
    this.open(detail.key)
  },

  open(tab: Drawer) {
    this.setData({ tab, emptyTitle: TABS.find(({ key }) => key === tab)?.empty ?? '' })
    void this.listing?.start(true)
  },

  /** What can be claimed comes on top. Without it the page is still one's own coupons, and those tell of a failure. */
  async loadOffers() {
    try {
      const offers = (await api.offers()).map(shownOffer)
      this.setData({ offers: [...offers.filter(({ claimable }) => claimable), ...offers.filter(({ claimable }) => !claimable)] })
    } catch (error) {
      console.info('offers:', error)
    }
  },

  async load() {
    await Promise.all([this.listing?.start(), this.loadOffers()])
  },

  more() {
    void this.listing?.more()
  },

  onReachBottom() {
    this.more()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async claim({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { id: number }>) {
    if (this.data.claiming) return
    this.setData({ claiming: currentTarget.dataset.id })
    try {
      await api.claim(currentTarget.dataset.id)
      void wx.showToast({ title: '已放进你的券包', icon: 'success' })
    } catch (error) {
      tell(error)
    }
    await this.load()
    this.setData({ claiming: 0 })
  },

  use() {
    go('/pages/category/index')
  },
})

function shownCoupon(coupon: Coupon): ShownCoupon {
  const taken = coupon.discount_fen ? `已抵 ${priced(coupon.discount_fen)}` : ''
  return { ...coupon, time: `有效期至 ${day(coupon.expires_at)}`, remark: taken }
}

function shownOffer(offer: Offer): ShownOffer {
  const left = offer.left === null ? '' : `剩 ${offer.left}`
  const own = `每人 ${offer.per_member} 张`
  return { ...offer, time: `领后 ${offer.valid_days} 天有效`, remark: [own, left].filter(Boolean).join(' · ') }
}
