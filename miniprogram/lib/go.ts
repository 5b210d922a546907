/** Pages of the tab bar are switched to, every other page is put on top. */
const TABS = ['index', 'category', 'referral', 'cart', 'mine'].map((name) => `/pages/${name}/index`)

/** Open a page by its path, whichever way it must be opened. */
export function go(path: string): void {
  const page = path.split('?')[0] ?? ''
  if (TABS.includes(page)) void wx.switchTab({ url: page })
  else void wx.navigateTo({ url: path })
}
