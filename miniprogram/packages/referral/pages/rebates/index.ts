import { Rebate, rebates } from '../../../../api/referral'
import { go } from '../../../../lib/go'
import { Listing, MORE } from '../../../../lib/listing'
import { LOADING } from '../../../../lib/screen'

Page({
  data: { screen: LOADING, items: [] as Rebate[], end: MORE },
  listing: null as Listing<Rebate, Rebate> | null,

  onLoad() {
    this.listing = new Listing(this, rebates, (rebate) => rebate)
    void this.load()
  },

  load() {
    return this.listing?.start()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  onReachBottom() {
    void this.listing?.more()
  },

  more() {
    void this.listing?.more()
  },

  openReferral() {
    go('/pages/referral/index')
  },
})
