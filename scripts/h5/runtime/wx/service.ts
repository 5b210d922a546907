/** Customer service chats exist only in WeChat; here a dialog says so. */

import { asyncCall } from './call';
import { showModal } from './dialogs';

export const openCustomerServiceChat = asyncCall('openCustomerServiceChat', async (): Promise<void> => {
  await showModal({ title: '联系客服', content: '客服在微信里等你：请在微信中打开推三返一商城。', showCancel: false, confirmText: '知道了' });
});
