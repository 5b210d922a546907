import { builtin, dom, fire, type Host } from '../core/builtin';
import { addStyle } from '../core/style';
import type { PickerData } from './picker-columns';

addStyle(`
wx-picker { display: block; cursor: pointer }
wx-picker[aria-disabled="true"] { cursor: default }
`);

/** Ask for a value in a sheet, which is loaded when it is first needed. */
async function ask(host: Host): Promise<void> {
  const data = host.data as PickerData;
  if (data.disabled) return;
  const { pick } = await import('./picker-sheet');
  const picked = await pick(data, (column, value) => fire(host, 'columnchange', { column, value }), host);
  if (picked === null) {
    fire(host, 'cancel');
    return;
  }
  host.setData({ value: picked.value });
  fire(host, 'change', picked);
}

builtin('picker', {
  properties: {
    name: String,
    mode: { type: String, value: 'selector' },
    headerText: String,
    range: { type: Array, value: [] as unknown[] },
    rangeKey: String,
    value: null,
    start: String,
    end: String,
    fields: { type: String, value: 'day' },
    customItem: String,
    level: String,
    disabled: Boolean,
  },
  observers: {
    disabled(disabled: boolean) {
      dom(this).setAttribute('aria-disabled', String(disabled));
      dom(this).tabIndex = disabled ? -1 : 0;
    },
    range(range: unknown[]) {
      dom(this).dispatchEvent(new CustomEvent('wx-range', { detail: range }));
    },
  },
  methods: {
    formValue(): unknown {
      return (this as unknown as Host).data.value as unknown;
    },
    formReset(): void {
      (this as unknown as Host).setData({ value: null });
    },
  },
  lifetimes: {
    created() {
      const element = dom(this);
      element.setAttribute('role', 'button');
      element.setAttribute('aria-haspopup', 'dialog');
      element.tabIndex = 0;
      element.addEventListener('click', () => void ask(this as unknown as Host));
    },
  },
});
