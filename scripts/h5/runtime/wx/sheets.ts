/** Modal sheets. They are native dialogs, which trap the focus, close on Esc, and make the page behind them inert. */

import { layer } from '../core/layers';
import { addStyle } from '../core/style';
import { h } from './dom';

addStyle(`
:root {
  --wxui-paper: #fbf6ef;
  --wxui-card: #fff;
  --wxui-ink: #2b211c;
  --wxui-ink-2: #63554c;
  --wxui-line: #efe5da;
  --wxui-brand: #c8371f;
  --wxui-brand-deep: #9e2a17;
  --wxui-brand-soft: #fdede6;
  --wxui-shade: rgba(43, 33, 28, .52);
  --wxui-text: 16px/1.5 -apple-system, BlinkMacSystemFont, "PingFang SC", "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif;
}
.wxui-sheet { box-sizing: border-box; margin: auto; padding: 0; border: 0; color: var(--wxui-ink); background: var(--wxui-card); font: var(--wxui-text); overscroll-behavior: contain; }
.wxui-sheet *, .wxui-sheet *::before { box-sizing: border-box; }
.wxui-sheet:focus-visible { outline: none; }
.wxui-sheet::backdrop { background: var(--wxui-shade); animation: wxui-appear .2s ease-out; }
.wxui-sheet h2, .wxui-sheet p, .wxui-sheet dl, .wxui-sheet dd { margin: 0; }
.wxui-sheet button { margin: 0; border: 0; padding: 0; background: none; color: inherit; font: inherit; cursor: pointer; -webkit-tap-highlight-color: transparent; }
.wxui-sheet button:focus-visible, .wxui-sheet input:focus-visible, .wxui-sheet textarea:focus-visible { outline: 2px solid var(--wxui-brand); outline-offset: -3px; }
.wxui-sheet button:disabled { opacity: .55; cursor: default; }
.wxui-sheet-middle { width: min(320px, calc(100vw - 48px)); border-radius: 16px; animation: wxui-appear .16s ease-out; }
.wxui-sheet-bottom { width: 100%; max-width: 480px; max-height: 86vh; margin-bottom: 0; border-radius: 20px 20px 0 0; padding-bottom: env(safe-area-inset-bottom); animation: wxui-rise .22s ease-out; }
.wxui-sheet-full { width: 100%; height: 100%; max-width: none; max-height: none; background: #000; color: #fff; overflow: hidden; }
@keyframes wxui-appear { from { opacity: 0; } }
@keyframes wxui-rise { from { transform: translateY(100%); } }
@media (prefers-reduced-motion: reduce) { .wxui-sheet, .wxui-sheet::backdrop { animation: none; } }
`);

export interface Sheet<T> {
  readonly element: HTMLDialogElement;
  /** Close with an outcome. Only the first call counts. */
  close(outcome: T): void;
  readonly closed: Promise<T>;
}

/** The sheet's place: in the middle, at the bottom, or over the whole window. */
export type Placing = 'middle' | 'bottom' | 'full';

export interface SheetOptions<T> {
  placing: Placing;
  label: string;
  /** The outcome when Esc, or a tap beside the sheet, closes it. */
  dismissed: T;
  /** Whether a tap beside the sheet closes it. */
  tapOutside: boolean;
}

/** Show a sheet with `children`. */
export function openSheet<T>(options: SheetOptions<T>, ...children: Node[]): Sheet<T> {
  const element = h('dialog', `wxui-sheet wxui-sheet-${options.placing}`, ...children);
  element.setAttribute('aria-label', options.label);
  element.setAttribute('aria-modal', 'true');
  let settled = false;
  let resolve: (outcome: T) => void;
  const closed = new Promise<T>((done) => (resolve = done));
  const close = (outcome: T): void => {
    if (settled) return;
    settled = true;
    element.close();
    element.remove();
    resolve(outcome);
  };
  element.addEventListener('close', () => close(options.dismissed)); // closed by Esc, or by the system's back gesture
  element.addEventListener('click', (event) => {
    if (options.tapOutside && event.target === element) close(options.dismissed);
  });
  layer().append(element);
  element.showModal();
  return { element, close, closed };
}
