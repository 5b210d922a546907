import { Rebate, Referral, rebates, referral, returnable } from '../../api/referral'
import { Shop, shop } from '../../api/shop'
import { Failure } from '../../lib/failure'
import { go } from '../../lib/go'
import { orderPage, rebatePage } from '../../lib/links'
import { priced } from '../../lib/money'
import { askToNotify } from '../../lib/notices'
import { LOADING, show } from '../../lib/screen'
import { shopSharing } from '../../lib/share'
import { day } from '../../lib/time'
import { absolute } from '../../lib/transport'
import { FriendRow, NextStep, friendRow, nextStep } from './words'

const RECENT = 3

Page({
  data: {
    screen: LOADING,
    promise: null as Shop['promise'] | null,
    guest: false,
    mine: null as Referral | null,
    counted: 0,
    next: { title: '', text: '' } as NextStep,
    friends: [] as FriendRow[],
    newcomer: false,
    returned: null as { title: string; image: string; paid: string; estimate: string; condition: string } | null,
    unsettled: false,
    referredOn: '',
    rebates: [] as Rebate[],
    /** The result of the last cycle, while nobody counts in the new one. */
    latest: '',
  },

  onShow() {
    void this.load()
    void shopSharing.prepare()
  },

  async load() {
    await show(this, async () => {
      const [{ promise }, mine] = await Promise.all([shop(), unlessGuest(referral())])
      if (!mine) return { promise, guest: true }
      const [recent, unsettled] = await Promise.all([
        mine.rebates.count ? rebates(null).then(({ items }) => items.slice(0, RECENT)) : [],
        mine.next_return ? false : returnable().then(({ items }) => items.length > 0),
      ])
      return { promise, guest: false, mine, rebates: recent, latest: newlyBack(mine, recent[0]), unsettled, ...shown(mine, unsettled) }
    })
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  onShareAppMessage() {
    return shopSharing.message()
  },

  onShareTimeline() {
    return shopSharing.timeline()
  },

  share() {
    go('/packages/referral/pages/share/index')
  },

  remind() {
    void askToNotify('share')
  },

  openRules() {
    go('/packages/referral/pages/rules/index')
  },

  openReturned() {
    const order = this.data.mine?.next_return
    if (order) go(orderPage(order.order_no))
  },

  openReturnable() {
    go('/packages/referral/pages/returnable/index')
  },

  openLatest(event: WechatMiniprogram.TouchEvent<object, object, { id: number }>) {
    go(rebatePage(event.currentTarget.dataset.id))
  },

  openRebates() {
    go('/packages/referral/pages/rebates/index')
  },

  openCommissions() {
    go('/packages/wallet/pages/commissions/index')
  },

  openDownline() {
    go('/packages/referral/pages/downline/index')
  },

  openHome() {
    go('/pages/index/index')
  },
})

function shown(mine: Referral, unsettled: boolean) {
  const order = mine.next_return
  return {
    counted: Math.min(mine.progress.counted, mine.progress.required),
    next: nextStep(mine, unsettled),
    friends: mine.friends.map(friendRow),
    newcomer: !mine.friends.length && !mine.rebates.count,
    returned: order && {
      title: order.title,
      image: absolute(order.image),
      paid: priced(order.in_scope_fen),
      estimate: order.estimate_fen ? priced(order.estimate_fen) : '',
      condition: order.condition,
    },
    referredOn: mine.referrer ? day(mine.referrer.bound_at) : '',
  }
}

/** The last cycle in one line, while nobody counts in the new one. */
function newlyBack(mine: Referral, rebate: Rebate | undefined): string {
  if (!rebate || mine.progress.counted || rebate.state === 'reversed') return ''
  return `上一轮返还 ${priced(rebate.amount_fen)} · ${rebate.state_label}`
}

/** Data for a guest who cannot log in here: nothing. */
async function unlessGuest<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof Failure && error.kind === 'open_in_wechat') return null
    throw error
  }
}
