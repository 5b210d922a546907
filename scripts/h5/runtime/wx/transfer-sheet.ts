/** The sheet that stands for WeChat's own page on which a member accepts a transfer. */

import { Refused } from './call';
import { settle } from './money-sheet';
import { callSandbox } from './sandbox';

/** What stands behind a transfer's package: the withdrawal, and what of it arrives. */
export interface Transfer {
  withdrawalNo: string;
  payout_fen: number;
}

/** Show what arrives and accept it if the member says so. Raises Refused: `cancel`, or why it cannot be accepted. */
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
