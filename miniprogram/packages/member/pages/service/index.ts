import { Shop, Told, shop } from '../../../../api/shop'
import { priced } from '../../../../lib/money'
import { LOADING, show } from '../../../../lib/screen'

interface Group {
  title: string
  questions: Told[]
}

Page({
  data: { screen: LOADING, hours: '', phone: '', groups: [] as Group[], open: '' },

  onLoad() {
    void this.load()
  },

  async load() {
    await show(this, async () => {
      const told = await shop()
      return { hours: told.service.hours, phone: told.service.phone ?? '', groups: groupsOf(told) }
    })
  },

  toggle({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { title: string }>) {
    const { title } = currentTarget.dataset
    this.setData({ open: this.data.open === title ? '' : title })
  },

  call() {
    wx.makePhoneCall({ phoneNumber: this.data.phone, fail: () => undefined })
  },
})

/** Frequent questions, answered with the shop's own terms. */
function groupsOf({ policy, rule }: Shop): Group[] {
  const freight = policy.freight_fen
    ? `每单运费 ${priced(policy.freight_fen, true)}，商品优惠后满 ${priced(policy.free_from_fen, true)} 免运费。虚拟商品没有运费。`
    : '全场免运费。'
  const shopping = [
    {
      title: '下单后要多久付款？',
      text: `请在 ${policy.order_minutes} 分钟内付款，过时订单会自动关闭，占用的库存、优惠券和余额都会退回。`,
    },
    { title: '运费怎么算？', text: freight },
    { title: '没有点确认收货会怎样？', text: `发货 ${policy.receive_days} 天后会自动确认收货。` },
    {
      title: '多久之内可以退款？',
      text: `未发货时随时可以申请；收货后 ${policy.refund_days} 天内也可以申请，由客服审核。款项按付款方式原路退回。`,
    },
  ]
  const groups = [{ title: '购物常见问题', questions: shopping }]
  return rule ? [...groups, { title: '推三返一怎么算', questions: rule.plain }] : groups
}
