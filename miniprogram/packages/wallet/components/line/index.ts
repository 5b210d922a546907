import { StatementLine } from '../../../../api/wallet'
import { go } from '../../../../lib/go'
import { pageOf } from '../../../../lib/links'
import { priced, signed } from '../../../../lib/money'
import { shortMinute } from '../../../../lib/time'

/** One entry of the wallet: which balance changed, why, and what the entry is about. */
Component({
  properties: { line: { type: Object, value: {} as StatementLine } },
  data: { when: '', available: '', gain: false, others: [] as string[], after: '', page: '' },
  observers: {
    line(line: Partial<StatementLine>) {
      if (line.time) this.setData(shown(line as StatementLine))
    },
  },
  methods: {
    open() {
      if (this.data.page) go(this.data.page)
    },
  },
})

function shown(line: StatementLine) {
  const { available_delta_fen: available, frozen_delta_fen: frozen, debt_delta_fen: debt } = line
  return {
    when: shortMinute(line.time),
    available: available ? signed(available) : '',
    gain: available > 0,
    others: [frozen ? `冻结 ${signed(frozen)}` : '', debt ? `待抵扣 ${signed(debt)}` : ''].filter(Boolean),
    after: `余额 ${priced(line.available_after_fen)}`,
    page: pageOf(line.link),
  }
}
