export interface Tab {
  key: string
  label: string
}

/** A strip of choices that stays at the top; one is current. It scrolls sideways where they do not fit. */
Component({
  properties: { tabs: { type: Array, value: [] as Tab[] }, current: { type: String, value: '' } },
  data: { into: '' },
  observers: {
    /** The tab before the current one is the first to be seen, so that one sees there is one. */
    'tabs, current'(tabs: Tab[], current: string) {
      const before = tabs[tabs.findIndex(({ key }) => key === current) - 1]
      this.setData({ into: `tab-${before?.key ?? current}` })
    },
  },
  methods: {
    choose({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { key: string }>) {
      const { key } = currentTarget.dataset
      if (key !== this.data.current) this.triggerEvent('change', { key })
    },
  },
})
