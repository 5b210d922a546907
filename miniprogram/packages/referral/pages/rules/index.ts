import { Shop, ShopPromise, Told, shop } from '../../../../api/shop'
import { go } from '../../../../lib/go'
import { priced } from '../../../../lib/money'
import { LOADING, show } from '../../../../lib/screen'
import { shopSharing } from '../../../../lib/share'
import { day } from '../../../../lib/time'

Page({
  data: {
    screen: LOADING,
    promise: null as ShopPromise | null,
    rule: null as Shop['rule'],
    examples: [] as Told[],
    validFrom: '',
  },

  onLoad() {
    void this.load()
  },

  onShow() {
    void shopSharing.prepare()
  },

  async load() {
    await show(
      this,
      async () => {
        const { promise, rule } = await shop()
        return { promise, rule, examples: promise ? examplesOf(promise) : [], validFrom: rule ? day(rule.valid_from) : '' }
      },
      ({ rule }) => !rule,
    )
  },

  onShareAppMessage() {
    return shopSharing.message()
  },

  onShareTimeline() {
    return shopSharing.timeline()
  },

  openReferral() {
    go('/pages/referral/index')
  },

  openHome() {
    go('/pages/index/index')
  },
})

/** The rebate in fen for an order of 100 yuan: it equals the rate in basis points. */
function examplesOf({ required, ratio_bp, pay_as }: ShopPromise): Told[] {
  const form = pay_as === 'coupon' ? '优惠券' : '余额'
  return [
    {
      title: '集满一轮',
      text: `你买过一单，现金实付 ¥100。${required} 位好友从你的分享而来，各自完成首单：这一单返还 ${priced(ratio_bp, true)} 的${form}；碰到下面写的上限时，以上限为准。`,
    },
    { title: '有一位好友退款了', text: '这一位不再计入，已经产生的返还会收回；其余好友仍然保留，再来一位就能重新集满。' },
    { title: '好友又推荐了别人', text: '那是好友自己的进度，与你的返还无关。你的进度只看你直接推荐的好友。' },
    { title: '分享了，但好友没有买', text: '不计入，也没有任何奖励。只有好友真实的首单才算。' },
  ]
}
