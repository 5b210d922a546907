/** All functions of the global `wx`, by name. */

import * as account from './account';
import { asyncCall, Refused } from './call';
import * as device from './device';
import * as dialogs from './dialogs';
import * as media from './media';
import * as navigation from './navigation';
import { openDocument } from './documents';
import { requestMerchantTransfer, requestPayment } from './payments';
import * as privacy from './privacy';
import { downloadFile, request, uploadFile } from './request';
import { openCustomerServiceChat } from './service';
import * as storage from './storage';
import * as toast from './toast';
import * as windows from './window';

export { installSelectorQueries } from './selector';

const { getPrivacySetting, onNeedPrivacyAuthorization, openPrivacyContract, requirePrivacyAuthorize } = privacy;

const known: Record<string, unknown> = {
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
  uploadFile,
  requestPayment,
  requestMerchantTransfer,
  openDocument,
  openCustomerServiceChat,
  nextTick: (run: () => void) => queueMicrotask(run),
  /** Whether the call that `schema` names exists here. What follows the name in `schema` is taken as supported. */
  canIUse: (schema: string) => Object.hasOwn(known, schema.split('.')[0] ?? ''),
  /** Does nothing: H5 collects no events. */
  reportEvent: () => undefined,
  env: { USER_DATA_PATH: '' },
};

/** Names of calls whose answer is used at once. Where one is missing it throws; it cannot fail later. */
const AT_ONCE = /Sync$|^create|^get\w*(?:Manager|Context)$|^on[A-Z]|^off[A-Z]/;

function missing(name: string): unknown {
  if (!AT_ONCE.test(name)) {
    return asyncCall(name, () => {
      throw new Refused('not supported in H5');
    });
  }
  return () => {
    throw new Error(`${name}:fail not supported in H5`);
  };
}

/** `wx` itself. A call that is missing fails with its own name in the message. */
export const api = new Proxy(known, {
  get: (calls, name) => (typeof name === 'symbol' || name in calls ? calls[name as string] : missing(name)),
});
