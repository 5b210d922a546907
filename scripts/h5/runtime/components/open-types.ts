/** What buttons with an `open-type` do. This module is loaded when the first one is tapped. */

import { fire, type Host } from '../core/builtin';
import { agree, requirePrivacy } from '../wx/privacy';
import { reasonOf } from '../wx/call';
import { keep } from '../wx/files';
import { pickImages } from '../wx/pick';
import { askForPhone } from '../wx/phone-sheet';
import { openCustomerServiceChat } from '../wx/service';
import { shareFrom } from '../wx/share';

async function getPhoneNumber(host: Host): Promise<void> {
  try {
    await requirePrivacy('getPhoneNumber');
    fire(host, 'getphonenumber', { errMsg: 'getPhoneNumber:ok', ...(await askForPhone()) });
  } catch (error) {
    fire(host, 'getphonenumber', { errMsg: `getPhoneNumber:fail ${reasonOf(error)}` });
  }
}

async function chooseAvatar(host: Host): Promise<void> {
  await requirePrivacy('chooseAvatar');
  const [file] = await pickImages(1);
  if (file) fire(host, 'chooseavatar', { avatarUrl: keep(file) });
}

const ACTS: Record<string, (host: Host) => unknown> = {
  share: shareFrom,
  getPhoneNumber,
  chooseAvatar: (host) => chooseAvatar(host).catch(() => undefined), // as in WeChat, a refusal changes nothing and fires no event
  agreePrivacyAuthorization(host) {
    agree();
    fire(host, 'agreeprivacyauthorization', { errMsg: 'agreePrivacyAuthorization:ok' });
  },
  async contact(host) {
    await openCustomerServiceChat();
    fire(host, 'contact', { errMsg: 'enterContact:ok', path: '', query: {} });
  },
  feedback: () => openCustomerServiceChat(),
  openSetting: (host) => fire(host, 'opensetting', { errMsg: 'openSetting:ok', authSetting: {} }),
};

/** Do what `openType` says. A type that is missing here exists only in WeChat and does nothing. */
export async function openAs(openType: string, host: Host): Promise<void> {
  for (const one of openType.split('|')) await ACTS[one]?.(host);
}
