/** Who the member is to WeChat: login, phone number, subscriptions, group, privacy's neighbours. */

import { asyncCall, Refused } from './call';
import { callSandbox, openid, requireSandbox } from './sandbox';

export const login = asyncCall('login', async () => {
  requireSandbox();
  return callSandbox<{ code: string }>('code', { openid: openid() });
});

/** WeChat's session is valid as long as there is a WeChat. */
export const checkSession = asyncCall('checkSession', requireSandbox);

interface SubscribeOptions {
  tmplIds: string[];
}

export const requestSubscribeMessage = asyncCall('requestSubscribeMessage', async ({ tmplIds }: SubscribeOptions) => {
  requireSandbox();
  if (!Array.isArray(tmplIds) || tmplIds.length === 0) throw new Refused('TmplIds can\'t be empty');
  const { askToSubscribe } = await import('./subscribe-sheet');
  return askToSubscribe(tmplIds);
});

/** Only a page opened from a card in a group knows its group, and a browser is never opened so. */
export const getGroupEnterInfo = asyncCall('getGroupEnterInfo', (): void => {
  throw new Refused('not in group chat');
});

export const chooseAddress = asyncCall('chooseAddress', (): void => {
  throw new Refused('not available outside WeChat');
});
