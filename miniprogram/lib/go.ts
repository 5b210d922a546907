/** Pages of the tab bar are switched to, every other page is put on top. */
const TABS = ['index', 'category', 'referral', 'cart', 'mine'].map((name) => `/pages/${name}/index`)

/** Open a page by its path, whichever way it must be opened. */
export function go(path: string): void {
  const page = path.split('?')[0] ?? ''
  if (TABS.includes(page)) void wx.switchTab({ url: page })
  else void wx.navigateTo({ url: path })
}

/** Leave this page; where nothing lies below it, as after a link from outside, home is next. */
export async function back(): Promise<void> {
  if (getCurrentPages().length > 1) await wx.navigateBack()
  else await wx.switchTab({ url: '/pages/index/index' })
}
