/** Calls to the development sandbox, which takes WeChat's place. In production they are refused. */

import { Refused } from './call';

/** Whether the server that sent this page runs for development. */
export function inDevelopment(): boolean {
  return document.querySelector('meta[name="tuisan"]')?.getAttribute('content') === 'development';
}

const TAP_MS = 2_000;
let tapped = -TAP_MS;
addEventListener('click', () => (tapped = performance.now()), true);

/** Throw Refused in production. If the member has just tapped something, also show the way to WeChat. */
export function requireSandbox(): void {
  if (inDevelopment()) return;
  if (performance.now() - tapped < TAP_MS) void import('../outside/open-in-wechat').then(({ offer }) => offer());
  throw new Refused('open_in_wechat');
}

const OPENID_KEY = 'tuisan-sandbox:openid';
const PHONE_KEY = 'tuisan-sandbox:phone';

/** A value made once per browser. It is kept outside of the pages' storage, so that clearing that changes nobody's identity. */
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

/** The openid of the person who uses this browser. */
export const openid = (): string => lasting(OPENID_KEY, () => `h5-${digits(16)}`);

/** Make the person with the openid `other` the user of this browser. Pages notice it only after a reload. */
export function becomePerson(other: string): void {
  localStorage.setItem(OPENID_KEY, other);
  localStorage.removeItem(PHONE_KEY);
}

/** The phone number of this browser. */
export const phoneNumber = (): string => lasting(PHONE_KEY, () => `138${digits(8)}`);

/** Send `body` to the sandbox and return its answer. Throws Refused with the server's own message. */
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
