import { MORE } from '../../lib/listing'

/** The foot of an endless list: more is loading, nothing more, or an error that a tap retries (`retry`). */
Component({
  properties: { end: { type: Object, value: MORE } },
  methods: {
    retry() {
      this.triggerEvent('retry')
    },
  },
})
