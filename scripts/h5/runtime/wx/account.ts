/** The member's WeChat account: login, messages it subscribes to, its groups and addresses. */

import { asyncCall, Refused } from './call';
import { callSandbox, openid, requireSandbox } from './sandbox';

export const login = asyncCall('login', async () => {
  requireSandbox();
  return callSandbox<{ code: string }>('code', { openid: openid() });
});

/** The session is valid wherever the sandbox stands in for WeChat. */
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

/** Always refused: only a page that was opened from a card in a WeChat group knows its group. */
export const getGroupEnterInfo = asyncCall('getGroupEnterInfo', (): void => {
  throw new Refused('not in group chat');
});

export const chooseAddress = asyncCall('chooseAddress', (): void => {
  throw new Refused('not available outside WeChat');
});
