import { Offer, Returnable, choose, referral, returnable } from '../../../../api/referral'
import { Failure, tell } from '../../../../lib/failure'
import { go } from '../../../../lib/go'
import { orderPage } from '../../../../lib/links'
import { LOADING, show } from '../../../../lib/screen'
import { day } from '../../../../lib/time'
import { absolute } from '../../../../lib/transport'

interface Row extends Returnable {
  paid: string
  next: boolean
}

Page({
  data: { screen: LOADING, rows: [] as Row[], choosable: false, acting: '' },

  onLoad() {
    void this.load()
  },

  async load() {
    await show(
      this,
      async () => {
        const [offer, mine] = await Promise.all([returnable(), referral()])
        return shown(offer, mine.next_return?.order_no ?? '')
      },
      ({ rows }) => !rows.length,
    )
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async choose({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { no: string }>) {
    const { no } = currentTarget.dataset
    if (this.data.acting) return
    const { confirm } = await wx.showModal({
      title: '返还这一单？',
      content: '这一轮完成时，会优先返还你选的这一单。完成之前可以改选。',
      confirmText: '选这一单',
    })
    if (!confirm) return
    this.setData({ acting: no })
    try {
      this.setData(shown(await choose(no), no))
      void wx.showToast({ title: '已选好', icon: 'success' })
    } catch (error) {
      if (error instanceof Failure && error.code === 'choice_not_needed') this.setData({ choosable: false })
      else tell(error)
    } finally {
      this.setData({ acting: '' })
    }
  },

  openOrder({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { no: string }>) {
    go(orderPage(currentTarget.dataset.no))
  },

  openRules() {
    go('/packages/referral/pages/rules/index')
  },

  openHome() {
    go('/pages/index/index')
  },
})

function shown({ items, choosable }: Offer, next: string): { rows: Row[]; choosable: boolean } {
  const rows = items.map((order) => ({
    ...order,
    image: absolute(order.image),
    paid: day(order.paid_at),
    next: order.order_no === next,
  }))
  return { rows, choosable }
}
