import * as notices from '../api/notices'

/** When it makes sense to ask whether a member wants to be told: at most three templates at a time. */
const MOMENTS = {
  paid: ['shipped', 'refund'],
  share: ['qualified', 'rebate_frozen', 'rebate_settled'],
  refund: ['refund'],
  coupon: ['coupon_ending'],
  withdraw: ['withdrawal'],
  commission: ['commission_frozen', 'commission_settled'],
} as const

let known: Promise<notices.Template[]> | null = null

/** Load the templates ahead: WeChat shows its question only directly after a tap. */
export function prepareNotices(): void {
  known ??= notices.templates().catch(() => {
    known = null
    return []
  })
}

/** Ask, and tell the server what was answered. Never stands in the way of what the member is doing. */
export async function askToNotify(moment: keyof typeof MOMENTS): Promise<void> {
  prepareNotices()
  const wanted: readonly string[] = MOMENTS[moment]
  const templates = (await known)?.filter((template) => wanted.includes(template.key)) ?? []
  if (!templates.length) return
  try {
    const answer = await wx.requestSubscribeMessage({ tmplIds: templates.map((one) => one.template_id) })
    const results: Record<string, string> = {}
    for (const { key, template_id } of templates) {
      const said = (answer as unknown as Record<string, string>)[template_id]
      if (said) results[key] = said
    }
    await notices.report(results)
  } catch (error) {
    console.info('notices:', error) // switched off by the member, or not to be had: nothing is lost
  }
}
