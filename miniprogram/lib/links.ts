/** The pages for the server's links (`order:NO`, `rebate:ID`, `commission:ID`, `withdrawal:NO`). */
const PAGES: Record<string, (name: string) => string> = {
  order: orderPage,
  rebate: rebatePage,
  commission: commissionPage,
  withdrawal: withdrawalPage,
}

export function orderPage(orderNo: string): string {
  return `/packages/order/pages/detail/index?order_no=${orderNo}`
}

export function rebatePage(id: number | string): string {
  return `/packages/referral/pages/rebate/index?id=${id}`
}

export function commissionPage(id: number | string): string {
  return `/packages/wallet/pages/commission/index?id=${id}`
}

export function withdrawalPage(withdrawalNo: string): string {
  return `/packages/wallet/pages/withdrawal/index?no=${withdrawalNo}`
}

/** The page of a link, '' if it has none. */
export function pageOf(link: string): string {
  const [kind = '', name = ''] = link.split(':')
  return PAGES[kind]?.(name) ?? ''
}
