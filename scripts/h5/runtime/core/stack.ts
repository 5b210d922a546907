/** The pages that are open, the last one on top, and what the browser's history remembers of them. */

import type { Address } from './address';
import type { EventChannel } from './event-channel';
import type { Frame } from './frame';

/** A page of the stack. After a reload only the one on top is made; the others wait until they are seen. */
export interface Entry {
  readonly id: string;
  readonly address: Address;
  readonly opener: EventChannel | null;
  frame: Frame | null;
}

/** What a history entry holds: the whole stack as it was, ids and addresses. */
interface Remembered {
  stack: { id: string; url: string }[];
}

let count = 0;

/** A new page at `address`; ids stay unique over reloads. */
export function entryAt(address: Address, opener: EventChannel | null = null): Entry {
  count += 1;
  return { id: `${Date.now().toString(36)}-${count}`, address, opener, frame: null };
}

/** Keep `stack` in the browser's history: as a new step, or in place of the present one. */
export function remember(stack: readonly Entry[], how: 'push' | 'replace'): void {
  const state: Remembered = { stack: stack.map(({ id, address }) => ({ id, url: address.url })) };
  const hash = `#/${stack.at(-1)?.address.url ?? ''}`;
  if (how === 'push') history.pushState(state, '', hash);
  else history.replaceState(state, '', hash);
}

/** The stack that the present step of the history holds; null for an address that was typed in. */
export function remembered(): Remembered['stack'] | null {
  const state = history.state as Partial<Remembered> | null;
  return Array.isArray(state?.stack) && state.stack.length > 0 ? state.stack : null;
}

/** The address behind the document's `#`. */
export function typedUrl(): string {
  return location.hash.replace(/^#\/?/, '');
}
