import { coupons } from '../../api/coupons'
import { Me, me } from '../../api/members'
import { Counts, counts } from '../../api/orders'
import { wallet } from '../../api/wallet'
import { countCart } from '../../lib/badge'
import { go } from '../../lib/go'
import { yuan } from '../../lib/money'
import { LOADING, show } from '../../lib/screen'

interface Entry {
  label: string
  icon: string
  path: string
  hint?: string
}

interface Drawer extends Entry {
  of: keyof Counts
  count: string
}

const ORDERS = '/packages/order/pages/list/index'

const DRAWERS: Array<Omit<Drawer, 'count'>> = [
  { of: 'pending', label: '待付款', icon: 'creditcard', path: `${ORDERS}?tab=pending` },
  { of: 'paid', label: '待发货', icon: 'shop', path: `${ORDERS}?tab=paid` },
  { of: 'shipped', label: '待收货', icon: 'undertake-delivery', path: `${ORDERS}?tab=shipped` },
  { of: 'received', label: '已收货', icon: 'check-circle', path: `${ORDERS}?tab=received` },
  { of: 'refunding', label: '退款', icon: 'rollback', path: `${ORDERS}?tab=refund` },
]

const FRIENDS: Entry[] = [
  { label: '推三返一', icon: 'gift', path: '/pages/referral/index', hint: '看看进度' },
  { label: '我的佣金', icon: 'money', path: '/packages/wallet/pages/commissions/index' },
  { label: '分享中心', icon: 'share', path: '/packages/referral/pages/share/index' },
  { label: '我的好友', icon: 'usergroup', path: '/packages/referral/pages/downline/index' },
]

const THINGS: Entry[] = [
  { label: '钱包', icon: 'wallet', path: '/packages/wallet/pages/wallet/index', hint: '明细与提现' },
  { label: '优惠券', icon: 'coupon', path: '/packages/member/pages/coupons/index', hint: '去领券' },
  { label: '等级与积分', icon: 'star', path: '/packages/marketing/pages/level/index', hint: '签到得积分' },
  { label: '收货地址', icon: 'location', path: '/packages/member/pages/addresses/index' },
]

const HELP: Entry[] = [
  { label: '客服', icon: 'service', path: '/packages/member/pages/service/index' },
  { label: '账号与隐私', icon: 'secured', path: '/packages/member/pages/account/index' },
]

Page({
  data: {
    screen: LOADING,
    profile: null as Me | null,
    name: '',
    available: '',
    frozen: '',
    coupons: '',
    drawers: [] as Drawer[],
    groups: [
      { name: 'friends', entries: FRIENDS },
      { name: 'things', entries: THINGS },
      { name: 'help', entries: HELP },
    ],
  },

  onShow() {
    void this.load()
    void countCart()
  },

  async load() {
    await show(this, async () => {
      const [profile, money, waiting, mine] = await Promise.all([me(), wallet(), counts(), coupons('unused', null)])
      return {
        profile,
        name: profile.nickname || '微信用户',
        available: yuan(money.available_fen),
        frozen: yuan(money.frozen_fen),
        coupons: `${mine.items.length}${mine.next_cursor ? '+' : ''}`,
        drawers: DRAWERS.map((drawer) => ({ ...drawer, count: badge(waiting[drawer.of]) })),
      }
    })
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  open({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { path: string }>) {
    go(currentTarget.dataset.path)
  },
})

function badge(count: number): string {
  if (!count) return ''
  return count > 99 ? '99+' : String(count)
}
