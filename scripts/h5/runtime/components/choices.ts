/** The tags switch, radio and checkbox, and their groups. */

import type * as glassEasel from 'glass-easel';

import { ancestor, builtin, descendants, dom, fire, type Host } from '../core/builtin';
import { addStyle } from '../core/style';

addStyle(`
wx-switch, wx-radio, wx-checkbox { display: inline-block; position: relative; vertical-align: middle; cursor: pointer; --wx-on: #C8371F }
wx-radio::after, wx-checkbox::after { content: ""; position: absolute; left: 50%; top: 50%; width: max(100%, 44px); height: max(100%, 44px); transform: translate(-50%, -50%) }
wx-switch { width: 52px; height: 44px }
wx-switch::after { content: ""; position: absolute; top: 6px; left: 0; width: 52px; height: 32px; border-radius: 16px; background: #8C7B70; transition: background-color .2s }
wx-switch::before { content: ""; position: absolute; z-index: 1; top: 8px; left: 2px; width: 28px; height: 28px; border-radius: 50%; background: #fff; box-shadow: 0 1px 3px rgba(43, 33, 28, .3); transition: transform .2s }
wx-switch[aria-checked="true"]::after { background: var(--wx-on) }
wx-switch[aria-checked="true"]::before { transform: translateX(20px) }
wx-radio::before, wx-checkbox::before { content: ""; display: inline-block; box-sizing: border-box; width: 22px; height: 22px; margin-right: 6px; border: 1.5px solid #8C7B70; border-radius: 50%; vertical-align: -5px; background: #fff center/16px no-repeat }
wx-checkbox::before { border-radius: 6px }
wx-radio[aria-checked="true"]::before, wx-checkbox[aria-checked="true"]::before { border-color: var(--wx-on); background-color: var(--wx-on);
  background-image: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='m3 8.5 3.2 3.2L13 5' fill='none' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E") }
wx-switch[aria-disabled="true"], wx-radio[aria-disabled="true"], wx-checkbox[aria-disabled="true"] { opacity: .5; cursor: default }
wx-radio-group, wx-checkbox-group { display: block }
@media (prefers-reduced-motion: reduce) { wx-switch::after, wx-switch::before { transition: none } }
`);

type Methods = glassEasel.typeUtils.MethodList;

interface Choice {
  checked: boolean;
  disabled: boolean;
  value: string;
  type: string;
}

const choice = (host: Host): Choice => host.data as Choice;

/** Give a new tag the role `role`, and call `toggle` when it is tapped. */
function begin(host: Host, role: string, toggle: (host: Host) => void): void {
  const element = dom(host);
  element.setAttribute('role', role);
  element.setAttribute('aria-checked', 'false');
  element.tabIndex = 0;
  element.addEventListener('click', () => {
    if (!choice(host).disabled) toggle(host);
  });
}

const properties = { checked: Boolean, disabled: Boolean, color: String, name: String } as const;

const observers: Methods = {
  checked(this: Host, checked: boolean) {
    dom(this).setAttribute('aria-checked', String(checked));
  },
  disabled(this: Host, disabled: boolean) {
    dom(this).setAttribute('aria-disabled', String(disabled));
    dom(this).tabIndex = disabled ? -1 : 0;
  },
  color(this: Host, color: string) {
    if (color) dom(this).style.setProperty('--wx-on', color);
  },
  type(this: Host, type: string) {
    if (dom(this).localName === 'wx-switch') dom(this).setAttribute('role', type);
  },
};

const checkedMethods: Methods = {
  formValue(this: Host): boolean {
    return choice(this).checked;
  },
  formReset(this: Host): void {
    this.setData({ checked: false });
  },
};

builtin('switch', {
  properties: { ...properties, type: { type: String, value: 'switch' } },
  observers,
  methods: checkedMethods,
  lifetimes: {
    created() {
      begin(this as unknown as Host, 'switch', (host) => {
        const checked = !choice(host).checked;
        host.setData({ checked });
        fire(host, 'change', { value: checked });
      });
    },
  },
});

function checkedIn(group: Host, tag: string): string[] {
  return descendants(group, tag)
    .filter((one) => choice(one).checked)
    .map((one) => choice(one).value);
}

builtin('radio', {
  properties: { ...properties, value: String },
  observers,
  lifetimes: {
    created() {
      begin(this as unknown as Host, 'radio', (host) => {
        if (choice(host).checked) return;
        const group = ancestor(host, 'radio-group');
        for (const other of group ? descendants(group, 'radio') : []) other.setData({ checked: false });
        host.setData({ checked: true });
        if (group) fire(group, 'change', { value: choice(host).value });
      });
    },
  },
});

builtin('checkbox', {
  properties: { ...properties, value: String },
  observers,
  lifetimes: {
    created() {
      begin(this as unknown as Host, 'checkbox', (host) => {
        host.setData({ checked: !choice(host).checked });
        const group = ancestor(host, 'checkbox-group');
        if (group) fire(group, 'change', { value: checkedIn(group, 'checkbox') });
      });
    },
  },
});

function resetAll(this: Host, tag: string): void {
  for (const one of descendants(this, tag)) one.setData({ checked: false });
}

builtin('radio-group', {
  properties: { name: String },
  methods: {
    formValue(): string {
      return checkedIn(this as unknown as Host, 'radio')[0] ?? '';
    },
    formReset(): void {
      resetAll.call(this as unknown as Host, 'radio');
    },
  },
  lifetimes: {
    created() {
      dom(this).setAttribute('role', 'radiogroup');
    },
  },
});

builtin('checkbox-group', {
  properties: { name: String },
  methods: {
    formValue(): string[] {
      return checkedIn(this as unknown as Host, 'checkbox');
    },
    formReset(): void {
      resetAll.call(this as unknown as Host, 'checkbox');
    },
  },
  lifetimes: {
    created() {
      dom(this).setAttribute('role', 'group');
    },
  },
});
