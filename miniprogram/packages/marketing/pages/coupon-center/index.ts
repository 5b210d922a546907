import * as api from '../../../../api/coupons'
import { Offer } from '../../../../api/coupons'
import { tell } from '../../../../lib/failure'
import { go } from '../../../../lib/go'
import { askToNotify, prepareNotices } from '../../../../lib/notices'
import { LOADING, show } from '../../../../lib/screen'
import { shopSharing } from '../../../../lib/share'
import { day, now, shortMinute } from '../../../../lib/time'

interface ShownOffer extends Offer {
  time: string
  remark: string
  /** The end of the countdown: when claiming begins, or when it ends within a day. */
  begins: string
  ends: string
}

const SOON_MS = 24 * 3600_000

Page({
  data: { screen: LOADING, offers: [] as ShownOffer[], claiming: 0 },
  notified: false,

  onLoad() {
    void shopSharing.prepare()
    prepareNotices()
    void this.load()
  },

  async load() {
    await show(
      this,
      async () => {
        const offers = (await api.offers()).map(shownOffer)
        return { offers: [...offers.filter(({ claimable }) => claimable), ...offers.filter(({ claimable }) => !claimable)] }
      },
      ({ offers }) => !offers.length,
    )
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  /** A countdown is over. */
  over() {
    void this.load()
  },

  async claim({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { id: number }>) {
    if (this.data.claiming) return
    this.setData({ claiming: currentTarget.dataset.id })
    try {
      await this.askOnce()
      await api.claim(currentTarget.dataset.id)
      void wx.showToast({ title: '已放进你的券包', icon: 'success' })
    } catch (error) {
      tell(error)
    }
    await this.load()
    this.setData({ claiming: 0 })
  },

  /** WeChat shows its question only directly after a tap, so it comes before the request. */
  async askOnce() {
    if (this.notified) return
    this.notified = true
    await askToNotify('coupon')
  },

  mine() {
    go('/packages/member/pages/coupons/index')
  },

  onShareAppMessage() {
    return shopSharing.message()
  },

  onShareTimeline() {
    return shopSharing.timeline()
  },
})

function shownOffer(offer: Offer): ShownOffer {
  const left = offer.left === null ? '' : `剩 ${offer.left}`
  const own = offer.ends_at ? `${day(offer.starts_at ?? '')} 至 ${day(offer.ends_at)}` : `领后 ${offer.valid_days} 天有效`
  const waiting = offer.refusal === 'coupon_closed' && offer.claim_from
  const ends = offer.claim_until ?? ''
  const soon = ends && Date.parse(ends) - now() < SOON_MS
  return {
    ...offer,
    time: waiting ? `${shortMinute(offer.claim_from ?? '')} 开抢` : own,
    remark: [offer.scope_label, `每人 ${offer.per_member} 张`, left].filter(Boolean).join(' · '),
    begins: waiting ? (offer.claim_from ?? '') : '',
    ends: soon && offer.claimable ? ends : '',
  }
}
