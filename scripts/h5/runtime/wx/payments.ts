/** wx.requestPayment and wx.requestMerchantTransfer. Their sheets are loaded when they are first needed. */

import { asyncCall } from './call';
import type { Payable } from './payment-sheet';
import { orderToPay } from './query';
import { requireSandbox } from './sandbox';
import type { Transfer } from './transfer-sheet';

export interface PayParameters {
  timeStamp: string;
  nonceStr: string;
  package: string;
  signType: string;
  paySign: string;
}

const payables = new Map<string, Payable>();

/** Remember which order a prepay package pays. WeChat knows it; the pages never say it. `answer` is the server's. */
export function notePayment(method: string, url: string, headers: Headers, answer: unknown): void {
  const orderNo = orderToPay(method, url);
  const prepay = (answer as { payment?: PayParameters } | null | undefined)?.payment?.package;
  if (orderNo && prepay) payables.set(prepay, { orderNo, headers });
}

export const requestPayment = asyncCall('requestPayment', async (parameters: PayParameters) => {
  requireSandbox();
  const { pay } = await import('./payment-sheet');
  await pay(payables.get(parameters.package));
});

export interface TransferParameters {
  mchId: string;
  appId?: string;
  package: string;
}

const transfers = new Map<string, Transfer>();

/** Remember which withdrawal a transfer's package pays out. WeChat knows it; the pages never say it. `answer` is the server's. */
export function noteTransfer(answer: unknown): void {
  const { withdrawal_no, payout_fen, confirm } = (answer ?? {}) as {
    withdrawal_no?: string;
    payout_fen?: number;
    confirm?: { package: string } | null;
  };
  if (withdrawal_no && confirm) transfers.set(confirm.package, { withdrawalNo: withdrawal_no, payout_fen: payout_fen ?? 0 });
}

export const requestMerchantTransfer = asyncCall('requestMerchantTransfer', async (parameters: TransferParameters) => {
  requireSandbox();
  const { accept } = await import('./transfer-sheet');
  await accept(transfers.get(parameters.package));
});
