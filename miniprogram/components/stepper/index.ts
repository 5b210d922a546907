/** A quantity between `min` and `max`; `label` says of what. Fires `change` with the wanted value; the owner sets it. */
Component({
  properties: {
    value: { type: Number, value: 0 },
    min: { type: Number, value: 0 },
    max: { type: Number, value: 0 },
    label: { type: String, value: '数量' },
  },
  methods: {
    less() {
      if (this.data.value > this.data.min) this.triggerEvent('change', { value: this.data.value - 1 })
    },

    more() {
      if (this.data.value < this.data.max) this.triggerEvent('change', { value: this.data.value + 1 })
    },
  },
})
