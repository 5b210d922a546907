import { Product, product } from '../../../../api/catalogue'
import { Team, groupBuy, team } from '../../../../api/group_buys'
import { Picked } from '../../../../components/sku-sheet/index'
import { promotedPath } from '../../../../lib/checkout'
import { Failure, tell } from '../../../../lib/failure'
import { go } from '../../../../lib/go'
import { offered, teamPage } from '../../../../lib/group_buys'
import { orderPage } from '../../../../lib/links'
import { LOADING, show } from '../../../../lib/screen'
import { Sharing } from '../../../../lib/share'
import { learnClock } from '../../../../lib/time'
import { absolute } from '../../../../lib/transport'

/** A seat of the team: a member, a member who has not paid yet, a filled one, or a free one. */
interface Seat {
  kind: 'member' | 'reserved' | 'filled' | 'free'
  name: string
  avatar: string
  leader: boolean
}

interface Told {
  title: string
  text: string
}

Page({
  data: {
    screen: LOADING,
    team: null as Team | null,
    picture: '',
    seats: [] as Seat[],
    told: { title: '', text: '' } as Told,
    running: false,
    /** The goods at the team's price, loaded when the person wants to join. */
    goods: null as Product | null,
    choosing: false,
    busy: false,
  },
  teamNo: '',
  seen: false,
  sharing: null as Sharing | null,

  onLoad({ team_no: no }: { team_no?: string }) {
    this.teamNo = no ?? ''
    void this.load()
  },

  onShow() {
    if (this.seen) void this.load()
    this.seen = true
  },

  async load() {
    await show(
      this,
      async () => {
        const found = await this.find()
        return found ? { team: found, ...shownParts(found) } : { team: null }
      },
      (loaded) => !loaded.team,
    )
    this.prepareSharing()
  },

  /** The team; null if the number does not exist. */
  async find(): Promise<Team | null> {
    try {
      const found = await team(this.teamNo)
      learnClock(found.now)
      return found
    } catch (error) {
      if (error instanceof Failure && error.code === 'not_found') return null
      throw error
    }
  },

  prepareSharing() {
    const { team: found } = this.data
    if (!found || this.sharing) return
    this.sharing = new Sharing('team', { title: `${found.size} 人团 ${found.group_buy.product_title}`, path: teamPage(found.team_no) }, found.team_no)
    void this.sharing.prepare()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  onShareAppMessage() {
    return this.sharing?.message() ?? {}
  },

  onShareTimeline() {
    return this.sharing?.timeline() ?? {}
  },

  /** Choose the variant, at the team's price. */
  async join() {
    const { team: found, busy } = this.data
    if (!found || busy) return
    this.setData({ busy: true })
    try {
      const [goods, activity] = await Promise.all([product(found.group_buy.product_id), groupBuy(found.group_buy.id)])
      this.setData({ goods: offered(goods, activity, false), choosing: true })
    } catch (error) {
      tell(error)
      await this.load()
    } finally {
      this.setData({ busy: false })
    }
  },

  closeSheet() {
    this.setData({ choosing: false })
  },

  pick({ detail }: WechatMiniprogram.CustomEvent<Picked>) {
    this.closeSheet()
    const { team: found } = this.data
    if (!found) return
    const items = [{ sku_id: detail.sku.id, quantity: detail.quantity }]
    go(promotedPath(items, { kind: 'group_buy', id: found.group_buy.id, team_no: found.team_no }))
  },

  openProduct() {
    const id = this.data.team?.group_buy.product_id
    if (id) go(`/pages/product/index?id=${id}`)
  },

  openOrder() {
    const no = this.data.team?.mine?.order_no
    if (no) go(orderPage(no))
  },

  openOthers() {
    go('/packages/marketing/pages/groups/index')
  },
})

function shownParts(found: Team) {
  return {
    picture: found.group_buy.image ? absolute(found.group_buy.image) : '',
    seats: seatsOf(found),
    told: toldOf(found),
    running: found.state === 'open' || found.state === 'full',
  }
}

function seatsOf({ members, reserved, filled, seats_left: left, state }: Team): Seat[] {
  const empty = (kind: Seat['kind'], many: number): Seat[] =>
    Array.from({ length: Math.max(0, many) }, () => ({ kind, name: '', avatar: '', leader: false }))
  return [
    ...members.map(({ name, avatar_url: avatar, leader }): Seat => ({ kind: 'member', name, avatar, leader })),
    ...empty('reserved', reserved),
    ...empty('filled', filled),
    ...(state === 'failed' ? [] : empty('free', left)),
  ]
}

function toldOf({ state, seats_left: left, mine, filled }: Team): Told {
  switch (state) {
    case 'open':
      return mine
        ? { title: mine.status === 'pending' ? '付款后才算参团' : `还差 ${left} 人成团`, text: '把卡片发给好友，人齐就发货' }
        : { title: `还差 ${left} 人成团`, text: '现在参团，和大家一起享受拼团价' }
    case 'full':
      return { title: '位置已满，等待付款', text: '有人没付款的话，位置会空出来' }
    case 'succeeded':
      return { title: '拼团成功', text: filled ? `${filled} 个位置由商家补齐，商品马上安排` : '人齐了，商品马上安排' }
    case 'failed':
      return { title: '没有成团', text: mine ? '付款会原路退回，优惠券和余额也会退回' : '付过款的会原路退回' }
  }
}
