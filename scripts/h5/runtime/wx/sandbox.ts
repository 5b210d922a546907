/** The development sandbox that stands in for WeChat, and the refusal that production gives instead. */

import { Refused } from './call';

/** Whether the server that sent this page runs for development. */
export function inDevelopment(): boolean {
  return document.querySelector('meta[name="tuisan"]')?.getAttribute('content') === 'development';
}

const TAP_MS = 2_000;
let tapped = -TAP_MS;
addEventListener('click', () => (tapped = performance.now()), true);

/** Outside WeChat these calls exist only in development. Who tapped for one is shown the way to WeChat. */
export function requireSandbox(): void {
  if (inDevelopment()) return;
  if (performance.now() - tapped < TAP_MS) void import('../outside/open-in-wechat').then(({ offer }) => offer());
  throw new Refused('open_in_wechat');
}

const OPENID_KEY = 'tuisan-sandbox:openid';
const PHONE_KEY = 'tuisan-sandbox:phone';

/** A value made once per browser, outside the pages' own storage so that clearing that does not change who one is. */
function lasting(key: string, make: () => string): string {
  const known = localStorage.getItem(key);
  if (known) return known;
  const made = make();
  localStorage.setItem(key, made);
  return made;
}

function digits(count: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) => byte % 10).join('');
}

/** Who holds this phone. */
export const openid = (): string => lasting(OPENID_KEY, () => `h5-${digits(16)}`);

/** Put the phone into other hands; the pages know only after they start anew. */
export function becomePerson(other: string): void {
  localStorage.setItem(OPENID_KEY, other);
  localStorage.removeItem(PHONE_KEY);
}

/** The number of this phone. */
export const phoneNumber = (): string => lasting(PHONE_KEY, () => `138${digits(8)}`);

/** The sandbox's answer to `body`. Raises Refused with the server's own message. */
export async function callSandbox<R>(path: string, body: object): Promise<R> {
  const response = await fetch(`/sandbox/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as R & { error?: { message?: string } };
  if (!response.ok) throw new Refused(answer.error?.message ?? `sandbox answered ${response.status}`);
  return answer;
}
