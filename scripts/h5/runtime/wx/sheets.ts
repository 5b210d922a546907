/** Modal surfaces: native dialogs, which bring their own focus trap, Esc key, and an inert page behind them. */

import { h } from './dom';

export interface Sheet<T> {
  readonly element: HTMLDialogElement;
  /** Close with an outcome; only the first one counts. */
  close(outcome: T): void;
  readonly closed: Promise<T>;
}

/** Where it stands: in the middle, at the bottom, or over everything. */
export type Placing = 'middle' | 'bottom' | 'full';

export interface SheetOptions<T> {
  placing: Placing;
  label: string;
  /** The outcome of Esc, and of a tap beside the sheet where that closes it. */
  dismissed: T;
  /** Whether a tap beside the sheet closes it. */
  tapOutside: boolean;
}

let opened = 0;

/** Show an empty sheet; fill its `element`. */
export function openSheet<T>(options: SheetOptions<T>, ...children: Node[]): Sheet<T> {
  const element = h('dialog', `wxui-sheet wxui-sheet-${options.placing}`, ...children);
  element.setAttribute('aria-label', options.label);
  element.setAttribute('aria-modal', 'true');
  let resolve: (outcome: T) => void;
  const closed = new Promise<T>((done) => (resolve = done));
  const close = (outcome: T): void => {
    if (!element.open) return;
    element.close();
    element.remove();
    opened -= 1;
    document.documentElement.classList.toggle('wxui-still', opened > 0);
    resolve(outcome);
  };
  element.addEventListener('cancel', (event) => {
    event.preventDefault();
    close(options.dismissed);
  });
  element.addEventListener('click', (event) => {
    if (options.tapOutside && event.target === element) close(options.dismissed);
  });
  document.body.append(element);
  opened += 1;
  document.documentElement.classList.add('wxui-still');
  element.showModal();
  return { element, close, closed };
}
