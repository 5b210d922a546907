import { Shop, ShopPromise, shop } from '../../../../api/shop'
import { go } from '../../../../lib/go'
import { LOADING, show } from '../../../../lib/screen'
import { shopSharing } from '../../../../lib/share'
import { day } from '../../../../lib/time'

Page({
  data: {
    screen: LOADING,
    promise: null as ShopPromise | null,
    rule: null as Shop['rule'],
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
        return { promise, rule, validFrom: rule ? day(rule.valid_from) : '' }
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
