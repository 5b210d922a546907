/** wx.requestPayment. The sheet itself is loaded when somebody pays. */

import { asyncCall } from './call';
import { orderToPay } from './query';
import { requireSandbox } from './sandbox';

export interface PayParameters {
  timeStamp: string;
  nonceStr: string;
  package: string;
  signType: string;
  paySign: string;
}

/** What stands behind a prepay package: the order, and the headers with which its owner may look at it. */
export interface Payable {
  orderNo: string;
  headers: Headers;
}

const payables = new Map<string, Payable>();

/** Remember which order a prepay package pays, as WeChat knows it and the pages do not say it. */
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
