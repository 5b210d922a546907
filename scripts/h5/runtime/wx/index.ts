/** Everything that `wx` can do here, by name. */

import * as account from './account';
import * as device from './device';
import * as dialogs from './dialogs';
import * as media from './media';
import * as navigation from './navigation';
import { requestPayment } from './payments';
import * as privacy from './privacy';
import { downloadFile, request } from './request';
import { openCustomerServiceChat } from './service';
import * as storage from './storage';
import * as toast from './toast';
import * as windows from './window';

export { installSelectorQueries } from './selector';

const { getPrivacySetting, onNeedPrivacyAuthorization, openPrivacyContract, requirePrivacyAuthorize } = privacy;

export const api: Record<string, unknown> = {
  ...account,
  ...device,
  ...dialogs,
  ...media,
  ...navigation,
  ...storage,
  ...toast,
  ...windows,
  getPrivacySetting,
  onNeedPrivacyAuthorization,
  openPrivacyContract,
  requirePrivacyAuthorize,
  request,
  downloadFile,
  requestPayment,
  openCustomerServiceChat,
  nextTick: (run: () => void) => queueMicrotask(run),
  /** Whether `schema`'s call is here; what it says after the name is as in WeChat then. */
  canIUse: (schema: string) => Object.hasOwn(api, schema.split('.')[0] ?? ''),
  /** Nothing is measured here. */
  reportEvent: () => undefined,
  env: { USER_DATA_PATH: '' },
};
