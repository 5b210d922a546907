import { Withdrawal } from '../api/withdrawals'

export type Confirmed = 'asked' | 'cancelled' | 'too_old'

/** Let the member accept the money in WeChat. Afterwards ask the server whether it was accepted, not the client. */
export async function acceptTransfer({ confirm }: Withdrawal): Promise<Confirmed> {
  if (!confirm) return 'cancelled'
  if (!wx.canIUse('requestMerchantTransfer')) return 'too_old'
  return new Promise((resolve, reject) => {
    wx.requestMerchantTransfer({
      mchId: confirm.mch_id,
      appId: confirm.app_id,
      package: confirm.package,
      success: () => resolve('asked'),
      fail: (error) => (error.errMsg.includes('cancel') ? resolve('cancelled') : reject(new Error(error.errMsg))),
    })
  })
}
