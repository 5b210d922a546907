/** The data with which a good of the points mall is drawn for a member with these points; null for a guest. */
import { PointsGood } from '../../../../api/points'
import { absolute } from '../../../../lib/transport'
import { specText } from '../../../../lib/variants'

export interface ShownGood extends PointsGood {
  picture: string
  specText: string
  act: string
  open: boolean
}

export function shownGood(good: PointsGood, held: number | null): ShownGood {
  const lacks = held === null ? 0 : Math.max(0, good.points - held)
  const open = good.state === 'open' && !lacks
  const limit = good.per_member === null ? '' : `每人限兑 ${good.per_member} 件`
  return {
    ...good,
    picture: good.image ? absolute(good.image) : '',
    specText: [specText(good.spec), limit, good.state === 'open' ? `剩 ${good.left} 件` : ''].filter(Boolean).join(' · '),
    act: actOf(good, lacks),
    open,
  }
}

/** The text on its button. In a state of a newer server that is not known here, it cannot be exchanged. */
function actOf({ state }: PointsGood, lacks: number): string {
  if (state !== 'open') return state === 'sold_out' ? '已兑完' : '暂不可兑换'
  return lacks ? `还差 ${lacks}` : '去兑换'
}
