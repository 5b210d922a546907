import { Shop, ShopPromise, shop } from '../../../../api/shop'
import { go } from '../../../../lib/go'
import { LOADING, show } from '../../../../lib/screen'
import { Sharing } from '../../../../lib/share'
import { day } from '../../../../lib/time'

Page({
  data: {
    screen: LOADING,
    promise: null as ShopPromise | null,
    rule: null as Shop['rule'],
    validFrom: '',
  },
  sharing: new Sharing('home', { title: '推三返一商城，好物一起分享', path: '/pages/index/index' }),

  onLoad() {
    void this.load()
  },

  onShow() {
    void this.sharing.prepare()
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
    return this.sharing.message()
  },

  onShareTimeline() {
    return this.sharing.timeline()
  },

  openReferral() {
    go('/pages/referral/index')
  },

  openHome() {
    go('/pages/index/index')
  },
})
