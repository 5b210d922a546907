import * as api from '../../../../api/addresses'
import { Address } from '../../../../api/addresses'
import { tell } from '../../../../lib/failure'
import { back, go } from '../../../../lib/go'
import { LOADING, show } from '../../../../lib/screen'

type Tap = WechatMiniprogram.TouchEvent<object, object, { id: number }>

/** The member's addresses. With `choose=1` a tap chooses one: the opener receives `chosen` with the address. */
Page({
  data: { screen: LOADING, addresses: [] as Address[], choosing: false, busy: false },

  onLoad({ choose }: { choose?: string }) {
    const choosing = choose === '1'
    this.setData({ choosing })
    if (choosing) void wx.setNavigationBarTitle({ title: '选择收货地址' })
  },

  onShow() {
    void this.load()
  },

  async load() {
    await show(this, async () => ({ addresses: await api.addresses() }), ({ addresses }) => !addresses.length)
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  tapped(event: Tap) {
    if (!this.data.choosing) return this.edit(event)
    const chosen = this.data.addresses.find(({ id }) => id === event.currentTarget.dataset.id)
    this.getOpenerEventChannel().emit?.('chosen', chosen)
    void back()
  },

  edit({ currentTarget }: Tap) {
    go(`/packages/member/pages/address-edit/index?id=${currentTarget.dataset.id}`)
  },

  add() {
    go('/packages/member/pages/address-edit/index')
  },

  async remove({ currentTarget }: Tap) {
    if (this.data.busy) return
    const { confirm } = await wx.showModal({ title: '要删除这个地址吗？', confirmText: '删除', confirmColor: '#C8371F' })
    if (!confirm) return
    this.setData({ busy: true })
    try {
      await api.remove(currentTarget.dataset.id)
      await this.load()
    } catch (error) {
      tell(error)
    } finally {
      this.setData({ busy: false })
    }
  },
})
