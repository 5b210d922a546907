import { Session, endSession, sessions } from '../../../../api/members'
import { tell } from '../../../../lib/failure'
import { LOADING, show } from '../../../../lib/screen'
import { day, minute } from '../../../../lib/time'

interface Row {
  id: string
  current: boolean
  began: string
  used: string
}

Page({
  data: { screen: LOADING, items: [] as Row[], busy: false },

  onLoad() {
    void this.load()
  },

  async load() {
    await show(this, async () => ({ items: (await sessions()).map(row) }))
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async end({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    if (this.data.busy) return
    const { confirm } = await wx.showModal({ title: '让这个设备退出登录？', content: '它下次打开时要用微信重新登录', confirmText: '退出登录', confirmColor: '#C8371F' })
    if (!confirm) return
    this.setData({ busy: true })
    try {
      await endSession(currentTarget.dataset.id)
      void wx.showToast({ title: '已退出登录', icon: 'success' })
    } catch (error) {
      tell(error)
    } finally {
      this.setData({ busy: false })
      await this.load()
    }
  },
})

function row({ id, current, created_at, used_at }: Session): Row {
  return { id, current, began: `${minute(created_at)} 登录`, used: `${day(used_at)} 用过` }
}
