import { GroupBuy, TeamCard, groupBuy } from '../../api/group_buys'
import { go } from '../../lib/go'
import { teamPage } from '../../lib/group_buys'
import { learnClock } from '../../lib/time'

const SHOWN = 3

/** A product's group buy: price, time, open teams. Fires `open` with the activity when a team should be opened. */
Component({
  properties: { activity: { type: Number, value: 0 } },
  data: { group: null as GroupBuy | null, teams: [] as TeamCard[] },
  observers: {
    activity() {
      void this.load()
    },
  },
  pageLifetimes: {
    show() {
      if (this.data.group) void this.load()
    },
  },
  methods: {
    /** An activity that has ended or cannot be read is not shown; the page works without it. */
    async load() {
      if (!this.data.activity) return
      try {
        const group = await groupBuy(this.data.activity)
        learnClock(group.now)
        this.setData({ group, teams: group.teams.slice(0, SHOWN) })
      } catch (error) {
        console.info('group buy:', error)
        this.setData({ group: null, teams: [] })
      }
    },

    open() {
      const { group } = this.data
      if (group) this.triggerEvent('open', { group })
    },

    join({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { no: string }>) {
      go(teamPage(currentTarget.dataset.no))
    },
  },
})
