import * as members from '../../../../api/members'
import { Profile } from '../../../../api/members'
import { tell } from '../../../../lib/failure'
import { back } from '../../../../lib/go'
import { LOADING, show } from '../../../../lib/screen'
import { day, now } from '../../../../lib/time'

const NICKNAME_LETTERS = 20

Page({
  data: {
    screen: LOADING,
    profile: null as Profile | null,
    nickname: '',
    birthday: '',
    today: '',
    problem: '',
    busy: false,
    letters: NICKNAME_LETTERS,
  },

  onLoad() {
    void this.load()
  },

  async load() {
    await show(this, async () => {
      const profile = await members.me()
      const today = day(new Date(now()).toISOString())
      return { profile, nickname: profile.nickname, birthday: profile.birthday ?? '', today }
    })
  },

  /** WeChat gives a file that exists only on this device, so it is uploaded at once. */
  async chooseAvatar({ detail }: WechatMiniprogram.CustomEvent<{ avatarUrl: string }>) {
    await this.doing(async () => {
      this.setData({ profile: await members.setAvatar(detail.avatarUrl) })
      void wx.showToast({ title: '头像已更新', icon: 'success' })
    })
  },

  chooseBirthday({ detail }: WechatMiniprogram.CustomEvent<{ value: string }>) {
    this.setData({ birthday: detail.value })
  },

  /** The nickname is read when the form is submitted: WeChat may clear one that it does not accept. */
  async save({ detail }: WechatMiniprogram.CustomEvent<{ value: { nickname: string } }>) {
    const nickname = detail.value.nickname.trim()
    this.setData({ nickname, problem: nickname ? '' : '请填写昵称' })
    if (!nickname) return
    await this.doing(async () => {
      this.setData({ profile: await members.change({ nickname, birthday: this.data.birthday || null }) })
      await back()
      void wx.showToast({ title: '已保存', icon: 'success' })
    })
  },

  /** A member who does not want to give the number closes WeChat's question. */
  async givePhone({ detail }: WechatMiniprogram.CustomEvent<{ code?: string }>) {
    const { code } = detail
    if (!code) return
    await this.doing(async () => {
      const { phone } = await members.setPhone(code)
      this.setData({ 'profile.phone': phone })
      void wx.showToast({ title: '手机号已绑定', icon: 'success' })
    })
  },

  async doing(work: () => Promise<void>) {
    if (this.data.busy) return
    this.setData({ busy: true })
    try {
      await work()
    } catch (error) {
      tell(error)
    } finally {
      this.setData({ busy: false })
    }
  },
})
