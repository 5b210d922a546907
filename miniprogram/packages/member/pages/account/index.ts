import { leave } from '../../../../api/members'
import { Told, shop } from '../../../../api/shop'
import { go } from '../../../../lib/go'
import { LOADING, show } from '../../../../lib/screen'
import { logOut } from '../../../../lib/session'

const STORED: Told[] = [
  { title: '资料', text: '昵称、头像、生日，由你自己填写，随时可以修改。' },
  { title: '手机号和收货地址', text: '加密保存，只用于发货、售后和联系你。' },
  { title: '订单和钱包记录', text: '商品、金额、时间和退款，用来履行订单和对账。' },
  { title: '推荐关系', text: '你通过谁的分享来、推荐了谁，用来计算推三返一。好友只看得到打码的昵称和头像。' },
]

Page({
  data: { screen: LOADING, agreements: [] as Array<{ key: string; title: string }>, stored: STORED },

  onLoad() {
    void this.load()
  },

  async load() {
    await show(this, async () => ({
      agreements: (await shop()).agreements.map(({ key, title }) => ({ key, title })),
    }))
  },

  read({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { key: string }>) {
    go(`/packages/member/pages/agreement/index?key=${currentTarget.dataset.key}`)
  },

  openProfile() {
    go('/packages/member/pages/profile/index')
  },

  openAddresses() {
    go('/packages/member/pages/addresses/index')
  },

  openSessions() {
    go('/packages/member/pages/sessions/index')
  },

  openSetting() {
    wx.openSetting({ withSubscriptions: true, fail: () => undefined })
  },

  async leave() {
    const { confirm } = await wx.showModal({
      title: '要退出登录吗？',
      content: '这台设备上的登录会清除。下次打开、进入「我的」或下单时，会用微信重新登录。',
      confirmText: '退出登录',
      confirmColor: '#C8371F',
    })
    if (!confirm) return
    await leave().catch(() => undefined) // without a network the token is at least forgotten here
    logOut()
    void wx.reLaunch({ url: '/pages/index/index' })
  },
})
