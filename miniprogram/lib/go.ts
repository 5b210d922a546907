import { tell, unheard } from './failure'

/** Pages of the tab bar are switched to, every other page is put on top. */
const TABS = ['index', 'category', 'referral', 'cart', 'mine'].map((name) => `/pages/${name}/index`)

/** More pages than this WeChat does not put on top of each other: an order leads to its rebate, and that to the order. */
const DEEPEST = 10

let opening = false

/** Open a page by its path, whichever way it must be opened, once however often is tapped; `events` are what it may tell. */
export function go(path: string, events: Record<string, (told: never) => void> = {}): void {
  if (opening) return
  opening = true
  const page = path.split('?')[0] ?? ''
  const fail = () => tell(unheard('offline')) // a page's code may be fetched only now
  const complete = () => {
    opening = false
  }
  if (TABS.includes(page)) wx.switchTab({ url: page, fail, complete })
  else if (getCurrentPages().length < DEEPEST) wx.navigateTo({ url: path, events, fail, complete })
  else wx.redirectTo({ url: path, fail, complete })
}

/** Leave this page; where nothing lies below it, as after a link from outside, home is next. */
export async function back(): Promise<void> {
  if (getCurrentPages().length > 1) await wx.navigateBack()
  else await wx.switchTab({ url: '/pages/index/index' })
}
