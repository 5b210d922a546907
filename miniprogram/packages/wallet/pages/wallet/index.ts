import { StatementLine, Wallet, statement, wallet } from '../../../../api/wallet'
import { go } from '../../../../lib/go'
import { LOADING, show } from '../../../../lib/screen'

/** A kind of balance and its meaning. */
interface Kind {
  name: string
  text: string
  fen: number
}

const WAYS = [
  { label: '我的佣金', icon: 'money', path: '/packages/wallet/pages/commissions/index' },
  { label: '提现记录', icon: 'bill', path: '/packages/wallet/pages/withdrawals/index' },
]

const LATEST = 5

Page({
  data: { screen: LOADING, wallet: null as Wallet | null, kinds: [] as Kind[], lines: [] as StatementLine[], ways: WAYS },

  onShow() {
    void this.load()
  },

  async load() {
    await show(this, async () => {
      const [held, latest] = await Promise.all([wallet(), statement('', '', null)])
      return { wallet: held, kinds: kindsOf(held), lines: latest.items.slice(0, LATEST) }
    })
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  withdraw() {
    go('/packages/wallet/pages/withdraw/index')
  },

  open({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { path: string }>) {
    go(currentTarget.dataset.path)
  },

  openStatement() {
    go('/packages/wallet/pages/statement/index')
  },

  openReferral() {
    go('/pages/referral/index')
  },

  openHome() {
    go('/pages/index/index')
  },
})

function kindsOf(held: Wallet): Kind[] {
  return [
    { name: '其中可提现', text: '可用余额里能转到微信零钱的部分，其余用于购物', fen: held.withdrawable_fen },
    { name: '冻结中', text: '返还和佣金在观察期内，到期自动变为可用', fen: held.frozen_fen },
    { name: '提现中', text: '已申请提现，正在处理', fen: held.in_flight_fen },
    { name: '待抵扣', text: '退款后没能收回的，以后入账时先抵扣', fen: held.debt_fen },
  ]
}
