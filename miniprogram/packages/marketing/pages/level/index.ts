import { Me, me } from '../../../../api/members'
import { PointLine, Points, checkIn, pointLines, points } from '../../../../api/points'
import { asFailure } from '../../../../lib/failure'
import { go } from '../../../../lib/go'
import { End, MORE } from '../../../../lib/listing'
import { askToNotify, prepareNotices } from '../../../../lib/notices'
import { Pager } from '../../../../lib/pager'
import { LOADING, show } from '../../../../lib/screen'
import { day, minute } from '../../../../lib/time'

interface Row {
  key: string
  label: string
  why: string
  when: string
  change: string
}

Page({
  data: {
    screen: LOADING,
    profile: null as Me | null,
    percent: 0,
    kept: '',
    held: null as Points | null,
    ending: '',
    items: [] as Row[],
    end: MORE as End,
    busy: false,
  },
  pager: null as Pager<PointLine> | null,

  onLoad() {
    prepareNotices()
  },

  onShow() {
    void this.load()
  },

  load() {
    const pager = new Pager(pointLines)
    this.pager = pager
    return show(this, async () => {
      const [profile, held, lines] = await Promise.all([me(), points(), pager.next()])
      const next = profile.next_level
      return {
        profile,
        held,
        percent: next ? Math.floor((profile.growth * 100) / next.growth) : 100,
        kept: profile.level?.kept_until ? day(profile.level.kept_until) : '',
        ending: held.ends_at ? `${held.ending} 积分将于 ${day(held.ends_at)} 到期` : '',
        items: lines.map((line, at) => row(line, at)),
        end: { done: pager.done, trouble: '' },
      }
    })
  },

  async more() {
    const pager = this.pager
    if (!pager || pager.done || this.data.screen.phase !== 'ready') return
    try {
      const lines = await pager.next()
      if (this.pager !== pager) return
      const items = [...this.data.items, ...lines.map((line, at) => row(line, this.data.items.length + at))]
      this.setData({ items, end: { done: pager.done, trouble: '' } })
    } catch (error) {
      this.setData({ end: { done: false, trouble: asFailure(error).message } })
    }
  },

  onReachBottom() {
    void this.more()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  remind() {
    void askToNotify('level')
  },

  openMall() {
    go('/packages/marketing/pages/points-mall/index')
  },

  async checkIn() {
    if (this.data.busy) return
    this.setData({ busy: true })
    try {
      const made = await checkIn()
      void wx.showToast({ title: `签到成功，+${made.points} 积分`, icon: 'none' })
      await this.load()
    } catch (error) {
      void wx.showToast({ title: asFailure(error).message, icon: 'none', duration: 3000 })
    } finally {
      this.setData({ busy: false })
    }
  },
})

function row(line: PointLine, at: number): Row {
  const frozen = line.points_delta === 0 && line.frozen_delta !== 0
  const moved = frozen ? line.frozen_delta : line.points_delta || -line.debt_delta
  return {
    key: String(at),
    label: line.label,
    why: line.why,
    when: minute(line.time),
    change: moved > 0 ? `+${moved}` : String(moved),
  }
}
