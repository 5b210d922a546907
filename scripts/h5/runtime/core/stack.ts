/** The stack of open pages, the last one on top, and how the browser's history keeps it. */

import type { Address } from './address';
import type { EventChannel } from './event-channel';
import type { Frame } from './frame';

/** A page of the stack. After a reload only the page on top has a frame; the others get one when they are shown. */
export interface Entry {
  readonly id: string;
  readonly address: Address;
  readonly opener: EventChannel | null;
  frame: Frame | null;
}

/** What one step of the history holds: ids and addresses of the whole stack. */
interface Remembered {
  stack: { id: string; url: string }[];
}

let count = 0;

/** A new entry for `address`. Its id is unique even across reloads. */
export function entryAt(address: Address, opener: EventChannel | null = null): Entry {
  count += 1;
  return { id: `${Date.now().toString(36)}-${count}`, address, opener, frame: null };
}

/** Store `stack` in the browser's history, as a new step or in place of the present one. */
export function remember(stack: readonly Entry[], how: 'push' | 'replace'): void {
  const state: Remembered = { stack: stack.map(({ id, address }) => ({ id, url: address.url })) };
  const hash = `#/${stack.at(-1)?.address.url ?? ''}`;
  if (how === 'push') history.pushState(state, '', hash);
  else history.replaceState(state, '', hash);
}

/** The stack that the present step of the history holds; null where the address was typed in. */
export function remembered(): Remembered['stack'] | null {
  const state = history.state as Partial<Remembered> | null;
  return Array.isArray(state?.stack) && state.stack.length > 0 ? state.stack : null;
}

/** The address behind the document's `#`. */
export function typedUrl(): string {
  return location.hash.replace(/^#\/?/, '');
}
