import { dismissGreeting, onGreeting } from '../../lib/arrival'

/** One friendly line for a visitor who came through a share and has just been bound. */
Component({
  data: { line: '' },
  pageLifetimes: {
    show() {
      onGreeting((line) => this.setData({ line }))
    },
    hide() {
      onGreeting(null)
    },
  },
  methods: {
    close() {
      dismissGreeting()
      this.setData({ line: '' })
    },
  },
})
