import { go } from '../../lib/go'

interface Decision {
  event: 'exposureAuthorization' | 'agree' | 'disagree'
  buttonId?: string
}

type Decide = (decision: Decision) => void

let ask: ((decide: Decide) => void) | null = null
let listening = false

/** WeChat keeps one listener for the whole app. It passes the question to the sheet of the page on top. */
function listen(): void {
  if (listening) return
  listening = true
  const asked = (decide: Decide): void => (ask ? ask(decide) : decide({ event: 'disagree' }))
  // The typings are wrong here: they declare an answer, but WeChat gives a function that takes the answer.
  wx.onNeedPrivacyAuthorization(asked as unknown as WechatMiniprogram.OnNeedPrivacyAuthorizationCallback)
}

interface Waiting {
  waiting?: Decide[]
  asks?: (decide: Decide) => void
}

/**
 * The privacy agreement, asked when it is first needed. Every page that calls what WeChat protects with it (avatar,
 * nickname, phone number, address book, clipboard, album) has one `<privacy />`; without it the call is refused.
 */
Component({
  data: { visible: false },
  lifetimes: {
    attached() {
      this.takeOver()
    },
    detached() {
      this.step({ event: 'disagree' })
      this.yield()
    },
  },
  pageLifetimes: {
    show() {
      this.takeOver()
    },
    hide() {
      this.yield()
    },
  },
  methods: {
    takeOver() {
      listen()
      const own = this as Waiting
      own.asks ??= (decide) => {
        ;(own.waiting ??= []).push(decide)
        decide({ event: 'exposureAuthorization' })
        this.setData({ visible: true })
      }
      ask = own.asks
    },

    yield() {
      if (ask === (this as Waiting).asks) ask = null
    },

    /** Several calls may wait for one answer. */
    step(decision: Decision) {
      const own = this as Waiting
      own.waiting?.splice(0).forEach((decide) => decide(decision))
    },

    agree() {
      this.step({ event: 'agree', buttonId: 'privacy-agree' })
      this.setData({ visible: false })
    },

    refuse() {
      this.step({ event: 'disagree' })
      this.setData({ visible: false })
    },

    read() {
      go('/packages/member/pages/agreement/index?key=privacy')
    },
  },
})
