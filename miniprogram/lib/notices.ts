import * as notices from '../api/notices'

/** The moments at which to ask whether a member allows messages: at most three templates at a time. */
const MOMENTS = {
  order: ['paid', 'shipped', 'refund'],
  group_order: ['team', 'shipped', 'refund'],
  share: ['qualified', 'rebate_frozen', 'rebate_settled'],
  refund: ['refund'],
  coupon: ['coupon_ending'],
  withdraw: ['withdrawal'],
  commission: ['commission_frozen', 'commission_settled'],
  level: ['level', 'points_expiring'],
} as const

let known: Promise<notices.Template[]> | null = null

/** Load the templates in advance: WeChat shows its question only directly after a tap. */
export function prepareNotices(): void {
  known ??= notices.templates().catch(() => {
    known = null
    return []
  })
}

/** Ask, and send the answer to the server. A failure never stops what the member is doing. */
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
    console.info('notices:', error) // messages are switched off or not available; that does no harm
  }
}
