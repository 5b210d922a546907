import { absolute } from '../../lib/transport'

/** A person's picture, or the first letter of their name. Fills the width of its parent. `tone`: brand, gold, plain. */
Component({
  properties: {
    name: { type: String, value: '' },
    avatar: { type: String, value: '' },
    tone: { type: String, value: 'brand' },
  },
  data: { picture: '', initial: '' },
  observers: {
    'name, avatar'(name: string, avatar: string) {
      this.setData({ picture: absolute(avatar), initial: Array.from(name)[0] ?? '友' })
    },
  },
})
