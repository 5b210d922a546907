/** wx.showModal and wx.showActionSheet. */

import { addStyle } from '../core/style';
import { asyncCall, Refused } from './call';
import { button, h } from './dom';
import { openSheet } from './sheets';

addStyle(`
.wxui-modal-title { padding: 26px 24px 0; font-size: 17px; font-weight: 600; text-align: center; }
.wxui-modal-content { padding: 14px 24px 0; color: var(--wxui-ink-2); text-align: center; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 50vh; overflow-y: auto; }
.wxui-modal-content:first-child { padding-top: 28px; color: var(--wxui-ink); }
.wxui-modal-input { display: block; width: calc(100% - 48px); min-height: 88px; margin: 16px 24px 0; padding: 12px; border: 1px solid var(--wxui-line); border-radius: 10px; background: var(--wxui-paper); color: var(--wxui-ink); font: inherit; resize: none; }
.wxui-modal-buttons { display: flex; margin-top: 26px; border-top: 1px solid var(--wxui-line); }
.wxui-sheet .wxui-modal-button { flex: 1; min-height: 54px; padding: 8px; font-weight: 600; overflow-wrap: anywhere; }
.wxui-modal-button + .wxui-modal-button { border-left: 1px solid var(--wxui-line); }
.wxui-sheet .wxui-modal-cancel { color: var(--wxui-ink-2); font-weight: 400; }
.wxui-sheet .wxui-modal-confirm { color: var(--wxui-brand); }

.wxui-actions { display: flex; flex-direction: column; background: var(--wxui-paper); }
.wxui-action-alert { padding: 16px 24px; background: var(--wxui-card); color: var(--wxui-ink-2); font-size: 14px; text-align: center; }
.wxui-sheet .wxui-action { min-height: 56px; padding: 8px 24px; border-top: 1px solid var(--wxui-line); background: var(--wxui-card); overflow-wrap: anywhere; }
.wxui-actions > :first-child { border-top: 0; }
.wxui-sheet .wxui-action:active { background: var(--wxui-brand-soft); }
.wxui-sheet .wxui-action-cancel { margin-top: 8px; color: var(--wxui-ink-2); }
`);

interface ModalOptions {
  title?: string;
  content?: string;
  showCancel?: boolean;
  cancelText?: string;
  cancelColor?: string;
  confirmText?: string;
  confirmColor?: string;
  editable?: boolean;
  placeholderText?: string;
}

export interface ModalResult {
  confirm: boolean;
  cancel: boolean;
  content: string | null;
}

async function modal(options: ModalOptions): Promise<ModalResult> {
  const { title = '', content = '', showCancel = true, editable = false } = options;
  const sheet = openSheet<boolean>(
    { placing: 'middle', label: title || content || '提示', dismissed: false, tapOutside: false },
  );
  const field = editable ? h('textarea', 'wxui-modal-input') : null;
  if (field) {
    field.value = content;
    field.placeholder = options.placeholderText ?? '';
    field.setAttribute('aria-label', options.placeholderText || title || '请输入');
  }
  const buttons = h('div', 'wxui-modal-buttons');
  const add = (label: string, kind: string, confirmed: boolean, color?: string): void => {
    const made = button(`wxui-modal-button ${kind}`, label, () => sheet.close(confirmed));
    if (color) made.style.color = color;
    buttons.append(made);
  };
  if (showCancel) add(options.cancelText || '取消', 'wxui-modal-cancel', false, options.cancelColor);
  add(options.confirmText || '确定', 'wxui-modal-confirm', true, options.confirmColor);
  sheet.element.append(
    h(
      'div',
      'wxui-modal',
      title ? h('h2', 'wxui-modal-title', title) : null,
      field ?? (content ? h('div', 'wxui-modal-content', content) : null),
      buttons,
    ),
  );
  (field ?? buttons.lastElementChild as HTMLElement).focus();
  const confirm = await sheet.closed;
  return { confirm, cancel: !confirm, content: confirm && field ? field.value : null };
}

export const showModal = asyncCall('showModal', modal);

interface ActionSheetOptions {
  itemList: string[];
  itemColor?: string;
  alertText?: string;
}

const CANCELLED = -1;

async function actionSheet(options: ActionSheetOptions): Promise<{ tapIndex: number }> {
  const { itemList, alertText = '' } = options;
  if (!Array.isArray(itemList) || itemList.length === 0) throw new Refused('parameter error: itemList is empty');
  const sheet = openSheet<number>(
    { placing: 'bottom', label: alertText || '请选择', dismissed: CANCELLED, tapOutside: true },
  );
  const items = itemList.map((label, index) => {
    const item = button('wxui-action', label, () => sheet.close(index));
    if (options.itemColor) item.style.color = options.itemColor;
    return item;
  });
  sheet.element.append(
    h(
      'div',
      'wxui-actions',
      alertText ? h('div', 'wxui-action-alert', alertText) : null,
      ...items,
      button('wxui-action wxui-action-cancel', '取消', () => sheet.close(CANCELLED)),
    ),
  );
  const tapIndex = await sheet.closed;
  if (tapIndex === CANCELLED) throw new Refused('cancel');
  return { tapIndex };
}

export const showActionSheet = asyncCall('showActionSheet', actionSheet);
