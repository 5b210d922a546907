/** The sheet that takes the place of WeChat's page for accepting a transfer, in development. */

import { Refused } from './call';
import { settle } from './money-sheet';
import { callSandbox } from './sandbox';

/** What a transfer's package pays out: the withdrawal, and the amount that arrives, in fen. */
export interface Transfer {
  withdrawalNo: string;
  payout_fen: number;
}

/** Show what arrives and accept it if the member agrees. Throws Refused: `cancel`, or the reason why it cannot be accepted. */
export async function accept(transfer: Transfer | undefined): Promise<void> {
  if (!transfer) throw new Refused('package unknown');
  await settle({
    title: '微信收款（沙箱）',
    what: '推三返一商城 向你转账',
    amount_fen: transfer.payout_fen,
    facts: [
      ['提现单号', transfer.withdrawalNo],
      ['收款方式', '沙箱零钱'],
    ],
    act: '收款',
    acting: '收款中…',
    failed: '收款失败',
    again: '重新收款',
    dismiss: '暂不收款',
    run: () => callSandbox(`transfers/${transfer.withdrawalNo}/confirm`, {}),
  });
}
