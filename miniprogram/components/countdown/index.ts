import { now, remaining } from '../../lib/time'

const TICK_MS = 1000

interface Ticking {
  timer?: ReturnType<typeof setInterval>
}

/** The time left until a moment of the server's clock, as text. Fires `over` once when the time is up. */
Component({
  properties: { until: { type: String, value: '' } },
  data: { left: '' },
  observers: {
    until() {
      this.start()
    },
  },
  lifetimes: {
    detached() {
      this.stop()
    },
  },
  pageLifetimes: {
    show() {
      this.start()
    },
    hide() {
      this.stop()
    },
  },
  methods: {
    start() {
      this.stop()
      if (!this.data.until || !this.tick()) return
      ;(this as Ticking).timer = setInterval(() => {
        if (this.tick()) return
        this.stop()
        this.triggerEvent('over')
      }, TICK_MS)
    },

    stop() {
      const { timer } = this as Ticking
      if (timer) clearInterval(timer)
    },

    /** Whether any time is left. */
    tick(): boolean {
      this.setData({ left: remaining(this.data.until) })
      return Date.parse(this.data.until) > now()
    },
  },
})
