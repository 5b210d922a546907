import * as api from '../../../../api/coupons'
import { Coupon } from '../../../../api/coupons'
import { Tab } from '../../../../components/tabs/index'
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

Page({
  data: {
    screen: LOADING,
    tabs: TABS as Tab[],
    tab: 'unused' as Drawer,
    emptyTitle: '',
    items: [] as ShownCoupon[],
    end: MORE,
  },
  listing: null as Listing<Coupon, ShownCoupon> | null,

  onLoad() {
    this.listing = new Listing<Coupon, ShownCoupon>(this, (cursor) => api.coupons(this.data.tab, cursor), shownCoupon)
    this.open('unused')
  },

  choose({ detail }: WechatMiniprogram.CustomEvent<{ key: Drawer }>) {
    this.open(detail.key)
  },

  open(tab: Drawer) {
    this.setData({ tab, emptyTitle: TABS.find(({ key }) => key === tab)?.empty ?? '' })
    void this.listing?.start(true)
  },

  async load() {
    await this.listing?.start()
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

  claimMore() {
    go('/packages/marketing/pages/coupon-center/index')
  },

  /** Open the goods that it is for: some goods, or all. */
  use({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { id: number }>) {
    const coupon = this.data.items.find(({ id }) => id === currentTarget.dataset.id)
    const query = `id=${currentTarget.dataset.id}&name=${encodeURIComponent(coupon?.name ?? '')}`
    go(coupon?.scoped ? `/packages/marketing/pages/coupon-goods/index?${query}` : '/pages/category/index')
  },
})

function shownCoupon(coupon: Coupon): ShownCoupon {
  const time = coupon.started ? `有效期至 ${day(coupon.expires_at)}` : `${day(coupon.starts_at)} 至 ${day(coupon.expires_at)}`
  return { ...coupon, time, remark: coupon.discount_fen ? `已抵 ${priced(coupon.discount_fen)}` : coupon.scope_label }
}
