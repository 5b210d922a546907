/** wx.showModal and wx.showActionSheet. */

import { asyncCall, Refused } from './call';
import { button, h } from './dom';
import { openSheet } from './sheets';

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
