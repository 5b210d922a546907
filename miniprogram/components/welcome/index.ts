import { dismissGreeting, onGreeting } from '../../lib/arrival'

/** One friendly line for who came through a share and was bound just now. */
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
