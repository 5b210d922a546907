/** The privacy agreement. As in WeChat, calls that need it ask for it once, by the page's own sheet if it has one. */

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

/** Record the agreement: the member tapped a button with `open-type="agreePrivacyAuthorization"`. */
export function agree(): void {
  localStorage.setItem(AGREED_KEY, 'agreed');
}

/** Ask for the member's agreement if it is missing. Throws Refused without it. `referrer` names the call that needs it. */
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

/** Ask as WeChat itself does, for pages without a sheet of their own. */
async function askPlainly(): Promise<void> {
  const answer = await showModal({
    title: '隐私保护提示',
    content: `使用前请阅读并同意${CONTRACT}`,
    cancelText: '拒绝',
    confirmText: '同意',
  });
  if (answer?.confirm) agree();
}

/** Make `ask` the page's own question for the agreement. */
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

/** The contract is written in WeChat's console, and only WeChat can show it. */
export const openPrivacyContract = asyncCall('openPrivacyContract', async (): Promise<void> => {
  await showModal({ title: CONTRACT, content: '完整内容由微信展示，请在微信中打开本商城查看。', showCancel: false });
});
