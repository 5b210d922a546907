export interface Tab {
  key: string
  label: string
}

/** A row of tabs that stays at the top; one is current. It scrolls sideways if they do not fit. */
Component({
  properties: { tabs: { type: Array, value: [] as Tab[] }, current: { type: String, value: '' } },
  data: { into: '' },
  observers: {
    /** Scroll to the tab before the current one, so that people see that there is one. */
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
