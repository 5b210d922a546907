/** The data with which a session and its items are drawn. */
import { FlashItem, FlashSale, ItemState, SaleState } from '../../../../api/flash'
import { Tab } from '../../../../components/tabs/index'
import { absolute } from '../../../../lib/transport'
import { Limits } from '../../../../lib/flash'
import { percent } from '../../../../lib/money'
import { shortMinute } from '../../../../lib/time'
import { specText } from '../../../../lib/variants'

export interface ShownItem extends FlashItem {
  picture: string
  specText: string
  /** The taken share of the stock, as text and as a width. */
  takenText: string
  width: string
  act: string
  open: boolean
}

export interface ShownSale {
  id: number
  name: string
  state: SaleState
  /** The end of the countdown, '' when the session is over. */
  until: string
  countLabel: string
  items: ShownItem[]
}

const ACTS: Record<ItemState, string> = {
  not_started: '即将开抢',
  running: '马上抢',
  queued: '排队中',
  sold_out: '已抢光',
  over: '已结束',
}

/** The word beside the countdown for each state of a session. */
const COUNTS: Record<SaleState, string> = { not_started: '距开始', running: '距结束', over: '本场已结束' }

/** A state of a newer server that this version does not know: no words, no time, and nothing can be bought. */
export function shownSale(sale: FlashSale, limits: Limits): ShownSale {
  const { id, name, state } = sale
  const until = { not_started: sale.starts_at, running: sale.ends_at, over: '' }[state] ?? ''
  return { id, name, state, until, countLabel: COUNTS[state] ?? '', items: sale.items.map((item) => shownItem(item, limits[item.id])) }
}

function shownItem(item: FlashItem, limit: string | undefined): ShownItem {
  const taken = Math.floor(item.taken_bp / 100)
  const buyable = item.state === 'running' || item.state === 'queued'
  return {
    ...item,
    picture: item.image ? absolute(item.image) : '',
    specText: [specText(item.spec), `每人限购 ${item.per_member} 件`].filter(Boolean).join(' · '),
    takenText: item.state === 'not_started' ? `共 ${item.stock} 件` : `已抢 ${percent(taken * 100)}`,
    width: item.state === 'not_started' ? '0%' : `${taken}%`,
    act: (buyable && limit) || (ACTS[item.state] ?? '暂不可抢'),
    open: buyable && !limit,
  }
}

export function tabOf({ id, starts_at, state_label }: FlashSale): Tab {
  return { key: String(id), label: `${shortMinute(starts_at).split(' ')[1] ?? ''} ${state_label}` }
}
