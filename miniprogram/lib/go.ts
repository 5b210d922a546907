import { tell, unheard } from './failure'

/** Pages of the tab bar are switched to, every other page is put on top. */
const TABS = ['index', 'category', 'referral', 'cart', 'mine'].map((name) => `/pages/${name}/index`)

/** Open a page by its path, whichever way it must be opened; `events` are what it may tell. */
export function go(path: string, events: Record<string, (told: never) => void> = {}): void {
  const page = path.split('?')[0] ?? ''
  const fail = () => tell(unheard('offline')) // a page's code may be fetched only now
  if (TABS.includes(page)) wx.switchTab({ url: page, fail })
  else wx.navigateTo({ url: path, events, fail })
}

/** Leave this page; where nothing lies below it, as after a link from outside, home is next. */
export async function back(): Promise<void> {
  if (getCurrentPages().length > 1) await wx.navigateBack()
  else await wx.switchTab({ url: '/pages/index/index' })
}
