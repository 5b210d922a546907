import { MORE } from '../../lib/listing'

/** The foot of a list without end: more comes, nothing more, or a failure that a tap tries again (`retry`). */
Component({
  properties: { end: { type: Object, value: MORE } },
  methods: {
    retry() {
      this.triggerEvent('retry')
    },
  },
})
