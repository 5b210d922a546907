/** The look of the larger sheets: a title, facts or choices, and buttons. */

import { addStyle } from '../core/style';
import { h } from './dom';

addStyle(`
.wxui-panel { position: relative; display: flex; flex-direction: column; gap: 12px; padding: 24px 24px 16px; }
.wxui-panel-title { font-size: 17px; font-weight: 600; padding-right: 32px; }
.wxui-sheet .wxui-close { position: absolute; top: 10px; right: 10px; width: 44px; height: 44px; font-size: 26px; line-height: 1; color: var(--wxui-ink-2); }
.wxui-sheet .wxui-primary { min-height: 50px; border-radius: 25px; background: var(--wxui-brand); color: #fff; font-weight: 600; }
.wxui-sheet .wxui-primary:active { background: var(--wxui-brand-deep); }
.wxui-sheet .wxui-primary:focus-visible { outline-color: var(--wxui-ink); outline-offset: 2px; }
.wxui-sheet .wxui-secondary { min-height: 46px; color: var(--wxui-ink-2); }
.wxui-choice { display: flex; align-items: center; gap: 12px; min-height: 48px; padding: 0 14px; border-radius: 12px; background: var(--wxui-paper); }
.wxui-choice input { flex: none; width: 20px; height: 20px; margin: 0; accent-color: var(--wxui-brand); }
`);

/** The content of a sheet: `children` in a box that also has the class `kind`. */
export function panel(kind: string, ...children: (Node | string | null)[]): HTMLElement {
  return h('div', `wxui-panel ${kind}`.trim(), ...children);
}
