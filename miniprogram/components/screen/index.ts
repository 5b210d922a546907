import { LOADING, Screen } from '../../lib/screen'

const ICONS: Record<string, string> = { offline: 'wifi-off', timeout: 'time', open_in_wechat: 'logo-wechat-stroke' }

/**
 * A page's frame: a skeleton while it loads, a picture and a sentence when it is empty or an error occurred, else the
 * page itself. `look` is the skeleton: list, cards, detail. The slot `empty` is for a button that leads on.
 */
Component({
  options: { multipleSlots: true },
  properties: {
    screen: { type: Object, value: LOADING },
    look: { type: String, value: 'list' },
    emptyIcon: { type: String, value: 'folder-open' },
    emptyTitle: { type: String, value: '这里还没有内容' },
    emptyText: { type: String, value: '' },
  },
  data: { icon: 'error-circle' },
  observers: {
    screen(screen: Screen) {
      this.setData({ icon: ICONS[screen.problem?.kind ?? ''] ?? 'error-circle' })
    },
  },
  methods: {
    retry() {
      this.triggerEvent('retry')
    },
  },
})
