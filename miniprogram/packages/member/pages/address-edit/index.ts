import * as api from '../../../../api/addresses'
import { AddressForm } from '../../../../api/addresses'
import { Failure, tell } from '../../../../lib/failure'
import { back } from '../../../../lib/go'
import { LOADING, show } from '../../../../lib/screen'

const EMPTY: AddressForm = { name: '', phone: '', province: '', city: '', district: '', detail: '', is_default: false }

/** The text beside a field whose value is not accepted. */
interface Problems {
  name?: string
  phone?: string
  region?: string
  detail?: string
}

type Typed = WechatMiniprogram.CustomEvent<{ value: string }, object, { field: 'name' | 'phone' | 'detail' }>

Page({
  data: { screen: LOADING, form: EMPTY, region: [] as string[], problems: {} as Problems, saved: false, busy: false },
  addressId: 0,

  onLoad({ id }: { id?: string }) {
    this.addressId = Number(id ?? 0)
    void wx.setNavigationBarTitle({ title: this.addressId ? '编辑地址' : '新增地址' })
    void this.load()
  },

  async load() {
    await show(this, async () => {
      if (!this.addressId) return { form: EMPTY }
      const found = (await api.addresses()).find(({ id }) => id === this.addressId)
      if (!found) throw new Failure('refused', 'not_found', '这个地址已经不在了')
      const { id: _, ...form } = found
      return { form, region: [form.province, form.city, form.district], saved: true }
    })
  },

  type({ currentTarget, detail }: Typed) {
    const { field } = currentTarget.dataset
    this.setData({ [`form.${field}`]: detail.value, [`problems.${field}`]: '' })
  },

  chooseRegion({ detail }: WechatMiniprogram.CustomEvent<{ value: string[] }>) {
    this.setRegion(detail.value)
  },

  setRegion(region: string[]) {
    const [province = '', city = '', district = ''] = region
    this.setData({ region, 'form.province': province, 'form.city': city, 'form.district': district, 'problems.region': '' })
  },

  setDefault({ detail }: WechatMiniprogram.CustomEvent<{ value: boolean }>) {
    this.setData({ 'form.is_default': detail.value })
  },

  /** Use one of the addresses stored in WeChat. */
  async fromWeChat() {
    try {
      const { userName, telNumber, provinceName, cityName, countyName, detailInfo } = await wx.chooseAddress()
      this.setData({ 'form.name': userName, 'form.phone': telNumber, 'form.detail': detailInfo, problems: {} })
      this.setRegion([provinceName, cityName, countyName])
    } catch (error) {
      if ((error as { errMsg?: string }).errMsg?.includes('cancel')) return
      void wx.showToast({ title: '没有取到微信里的地址，请手动填写', icon: 'none' })
    }
  },

  async save() {
    const { form } = this.data
    const problems = judge(form)
    this.setData({ problems })
    if (this.data.busy || Object.keys(problems).length) return
    this.setData({ busy: true })
    try {
      await (this.addressId ? api.change(this.addressId, form) : api.add(form))
      await back()
    } catch (error) {
      this.refused(error)
    } finally {
      this.setData({ busy: false })
    }
  },

  /** The server checks the numbers. Its message about a field is shown beside the field. */
  refused(error: unknown) {
    const { field, problem } = (error instanceof Failure ? error.detail : {}) as { field?: string; problem?: string }
    if (field === 'phone' && problem) this.setData({ 'problems.phone': problem })
    else tell(error)
  },

  async remove() {
    const { confirm } = await wx.showModal({ title: '要删除这个地址吗？', confirmText: '删除', confirmColor: '#C8371F' })
    if (!confirm) return
    try {
      await api.remove(this.addressId)
      await back()
    } catch (error) {
      tell(error)
    }
  },
})

function judge({ name, phone, province, detail }: AddressForm): Problems {
  return {
    ...(name.trim() ? {} : { name: '请填写收货人' }),
    ...(phone.trim() ? {} : { phone: '请填写手机号或座机号' }),
    ...(province ? {} : { region: '请选择所在地区' }),
    ...(detail.trim() ? {} : { detail: '请填写街道、门牌号' }),
  }
}
