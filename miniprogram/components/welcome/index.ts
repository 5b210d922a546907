import { dismissGreeting, onGreeting } from '../../lib/arrival'

/** One friendly line for a visitor who came through a share and has just been bound, or who has to wait for that. */
Component({
  data: { line: '', waits: false },
  pageLifetimes: {
    show() {
      onGreeting((greeting) => this.setData({ ...greeting }))
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
