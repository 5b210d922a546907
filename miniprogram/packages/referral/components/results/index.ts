import { Channel, ShareResult, mine } from '../../../../api/shares'
import { go } from '../../../../lib/go'
import { Listing, MORE } from '../../../../lib/listing'
import { LOADING } from '../../../../lib/screen'
import { day } from '../../../../lib/time'
import { absolute } from '../../../../lib/transport'

interface Row extends ShareResult {
  image: string
  where: string
}

type Held = { listing?: Listing<ShareResult, Row> }

const CHANNELS: Record<Channel, string> = { friend: '发给好友', group: '发到群', poster: '海报', timeline: '朋友圈' }

/** The results of the member's shares. The page calls `more()` when its bottom is reached. */
Component({
  data: { screen: LOADING, items: [] as Row[], end: MORE },
  lifetimes: {
    attached() {
      ;(this as Held).listing = new Listing(this, mine, row)
      this.load()
    },
  },
  methods: {
    load() {
      void (this as Held).listing?.start()
    },

    more() {
      void (this as Held).listing?.more()
    },

    open({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { path: string }>) {
      go(currentTarget.dataset.path)
    },
  },
})

function row(result: ShareResult): Row {
  return { ...result, image: absolute(result.image_url), where: `${CHANNELS[result.channel]} · ${day(result.created_at)}` }
}
