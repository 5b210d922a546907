import { tell, unheard } from './failure'

/** Pages of the tab bar are switched to; every other page is opened on top. */
const TABS = ['index', 'category', 'referral', 'cart', 'mine'].map((name) => `/pages/${name}/index`)

/** The most pages that WeChat stacks. Chains can be long: an order leads to its rebate, and that to the order. */
const DEEPEST = 10

let opening = false

/** Open a page by its path in the right way, and only once for several taps; `events` are those that it may send. */
export function go(path: string, events: Record<string, (told: never) => void> = {}): void {
  if (opening) return
  opening = true
  const page = path.split('?')[0] ?? ''
  const fail = () => tell(unheard('offline')) // the page's code may have to be downloaded
  const complete = () => {
    opening = false
  }
  if (TABS.includes(page)) wx.switchTab({ url: page, fail, complete })
  else if (getCurrentPages().length < DEEPEST) wx.navigateTo({ url: path, events, fail, complete })
  else wx.redirectTo({ url: path, fail, complete })
}

/** Leave this page; if there is no page below it, as after a link from outside, go to the home page. */
export async function back(): Promise<void> {
  if (getCurrentPages().length > 1) await wx.navigateBack()
  else await wx.switchTab({ url: '/pages/index/index' })
}
