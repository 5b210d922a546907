/** The privacy agreement, as WeChat keeps it: gated calls ask the page's own sheet first, once. */

import { asyncCall, Refused } from './call';
import { showModal } from './dialogs';

const AGREED_KEY = 'tuisan-wx:privacy';
const CONTRACT = '《推三返一商城隐私保护指引》';
const NOT_AUTHORIZED = 'privacy permission is not authorized';

interface Decision {
  event: 'exposureAuthorization' | 'agree' | 'disagree';
  buttonId?: string;
}

type Listener = (resolve: (decision: Decision) => void, info: { referrer: string }) => void;

let listener: Listener | undefined;

const agreed = (): boolean => localStorage.getItem(AGREED_KEY) !== null;

/** The member tapped a button with `open-type="agreePrivacyAuthorization"`: only that counts as agreeing. */
export function agree(): void {
  localStorage.setItem(AGREED_KEY, 'agreed');
}

/** Go on only with the member's agreement. Raises Refused. */
export async function requirePrivacy(referrer: string): Promise<void> {
  if (agreed()) return;
  if (listener) await decided(listener, referrer);
  else await askPlainly();
  if (!agreed()) throw new Refused(NOT_AUTHORIZED);
}

function decided(ask: Listener, referrer: string): Promise<void> {
  return new Promise((done) => {
    const resolve = ({ event }: Decision): void => {
      if (event !== 'exposureAuthorization') done();
    };
    ask(resolve, { referrer });
  });
}

/** WeChat's own question, for pages that brought none. */
async function askPlainly(): Promise<void> {
  const answer = await showModal({
    title: '隐私保护提示',
    content: `使用前请阅读并同意${CONTRACT}`,
    cancelText: '拒绝',
    confirmText: '同意',
  });
  if (answer?.confirm) agree();
}

export function onNeedPrivacyAuthorization(ask: Listener): void {
  listener = ask;
}

export const getPrivacySetting = asyncCall('getPrivacySetting', () => ({
  needAuthorization: !agreed(),
  privacyContractName: CONTRACT,
}));

export const requirePrivacyAuthorize = asyncCall('requirePrivacyAuthorize', () =>
  requirePrivacy('requirePrivacyAuthorize'),
);

/** The contract is written in WeChat's console and only WeChat shows it. */
export const openPrivacyContract = asyncCall('openPrivacyContract', async (): Promise<void> => {
  await showModal({ title: CONTRACT, content: '完整内容由微信展示，请在微信中打开本商城查看。', showCancel: false });
});
