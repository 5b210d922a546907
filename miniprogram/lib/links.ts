/** Where the things that the server names in its links (`order:NO`, `rebate:ID`) are shown. */
const PAGES: Record<string, (name: string) => string> = {
  order: orderPage,
  rebate: rebatePage,
}

export function orderPage(orderNo: string): string {
  return `/packages/order/pages/detail/index?order_no=${orderNo}`
}

export function rebatePage(id: number | string): string {
  return `/packages/referral/pages/rebate/index?id=${id}`
}

/** The page of a link, '' for what has none. */
export function pageOf(link: string): string {
  const [kind = '', name = ''] = link.split(':')
  return PAGES[kind]?.(name) ?? ''
}
