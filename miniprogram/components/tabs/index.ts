export interface Tab {
  key: string
  label: string
}

/** A strip of choices that stays at the top; one is current. It scrolls sideways where they do not fit. */
Component({
  properties: { tabs: { type: Array, value: [] as Tab[] }, current: { type: String, value: '' } },
  methods: {
    choose({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { key: string }>) {
      const { key } = currentTarget.dataset
      if (key !== this.data.current) this.triggerEvent('change', { key })
    },
  },
})
