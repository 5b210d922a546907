/** What `input` and `textarea` have in common. */

import * as glassEasel from 'glass-easel';

import { dom, fire, type Host } from '../core/builtin';
import { addStyle, withUnits } from '../core/style';
import { soon } from './soon';

addStyle(`
wx-input, wx-textarea { display: block; position: relative; overflow: hidden; text-align: start; cursor: text }
wx-input { height: 1.4em; min-height: 1.4em; line-height: 1.4 }
wx-textarea { width: 300px; height: 150px }
.wx-field { display: block; box-sizing: border-box; width: 100%; height: 100%; margin: 0; padding: 0; border: 0; border-radius: 0; outline: 0; background: none; appearance: none;
  color: inherit; font: inherit; letter-spacing: inherit; text-align: inherit; resize: none; user-select: text; -webkit-user-select: text; opacity: 1; caret-color: #C8371F }
.wx-field:disabled { -webkit-text-fill-color: currentColor }
.wx-field::placeholder { color: transparent; -webkit-text-fill-color: transparent }
.wx-placeholder { position: absolute; inset: 0; overflow: hidden; pointer-events: none; color: #796A60; white-space: nowrap; text-overflow: ellipsis }
wx-input > .wx-placeholder { inset: 0 0 auto; top: 50%; transform: translateY(-50%) }
wx-textarea > .wx-placeholder { white-space: pre-wrap }
wx-input:focus-within, wx-textarea:focus-within { outline: none }
`);

export type Field = HTMLInputElement | HTMLTextAreaElement;

export interface FieldData {
  value: string;
  maxlength: number;
  focus: boolean;
  disabled: boolean;
  cursor: number;
  selectionStart: number;
  selectionEnd: number;
  confirmHold: boolean;
  placeholderClass: string;
}

/** The properties of both. Those that only WeChat's native fields need are accepted and not used. */
export const fieldProperties = {
  name: String,
  value: { type: String, value: '' },
  placeholder: String,
  placeholderStyle: String,
  placeholderClass: String,
  disabled: Boolean,
  maxlength: { type: Number, value: 140 },
  focus: Boolean,
  autoFocus: Boolean,
  cursor: { type: Number, value: -1 },
  selectionStart: { type: Number, value: -1 },
  selectionEnd: { type: Number, value: -1 },
  confirmType: String,
  confirmHold: Boolean,
  cursorSpacing: Number,
  adjustPosition: Boolean,
  holdKeyboard: Boolean,
  alwaysEmbed: Boolean,
} as const;

interface Parts {
  field: Field;
  placeholder: glassEasel.NativeNode;
}

const parts = new WeakMap<HTMLElement, Parts>();

function partsOf(host: { $$: unknown }): Parts {
  return parts.get(dom(host)) as Parts;
}

/** The HTML field inside `host`. */
export function fieldOf(host: { $$: unknown }): Field {
  return partsOf(host).field;
}

function placeholderElement(host: { $$: unknown }): HTMLElement {
  return dom(partsOf(host).placeholder);
}

/** Tell the page by `event` what was typed. The page may answer with another value. */
export function tell(host: Host, event: string): void {
  const field = fieldOf(host);
  const { value } = field;
  refreshPlaceholder(host);
  host.setData({ value });
  fire(host, event, { value, cursor: field.selectionStart ?? value.length, keyCode: 0 });
}

/** Hide the visible placeholder while there is text. It is an element with the page's classes; the native one is for screen readers. */
function refreshPlaceholder(host: { $$: unknown }): void {
  placeholderElement(host).style.visibility = fieldOf(host).value ? 'hidden' : '';
}

/** While `host` has the focus, tell the page how many px of the window the keyboard covers. */
function watchKeyboard(host: Host, field: Field): void {
  const view = window.visualViewport;
  if (!view) return;
  const changed = (): void => {
    const height = Math.max(0, Math.round(innerHeight - view.height));
    fire(host, 'keyboardheightchange', { height, duration: 0 });
  };
  field.addEventListener('focus', () => view.addEventListener('resize', changed));
  field.addEventListener('blur', () => view.removeEventListener('resize', changed));
}

/** Put `field` into a new tag and fire the tag's events for what happens in it. */
export function addField(host: Host, field: Field): void {
  field.className = 'wx-field';
  const placeholder = host.ownerShadowRoot?.createNativeNode('placeholder') as glassEasel.NativeNode;
  parts.set(dom(host), { field, placeholder });
  const shown = placeholderElement(host);
  shown.classList.add('wx-placeholder');
  shown.setAttribute('aria-hidden', 'true');
  dom(host).append(field, shown);
  let composing = false;
  field.addEventListener('compositionstart', () => (composing = true));
  field.addEventListener('compositionend', () => {
    composing = false;
    tell(host, 'input');
  });
  field.addEventListener('input', () => {
    if (composing) refreshPlaceholder(host);
    else tell(host, 'input');
  });
  field.addEventListener('focus', () => fire(host, 'focus', { value: field.value, height: 0 }));
  field.addEventListener('blur', () => {
    host.setData({ focus: false });
    fire(host, 'blur', { value: field.value, cursor: field.selectionStart ?? 0 });
  });
  dom(host).addEventListener('click', () => field.focus());
  watchKeyboard(host, field);
}

/** Confirm the input, for Enter: hide the keyboard unless the page holds it. */
export function confirm(host: Host): void {
  const field = fieldOf(host);
  fire(host, 'confirm', { value: field.value });
  if (!(host.data as FieldData).confirmHold) field.blur();
}

function select(host: Host): void {
  const { focus, cursor, selectionStart, selectionEnd } = host.data as FieldData;
  const field = fieldOf(host);
  if (!focus) return;
  field.focus({ preventScroll: true });
  if (selectionStart >= 0 && selectionEnd >= 0) field.setSelectionRange(selectionStart, selectionEnd);
  else if (cursor >= 0) field.setSelectionRange(cursor, cursor);
}

type Methods = glassEasel.typeUtils.MethodList;

/** Observers that write the properties of both into the HTML field. */
export const fieldObservers: Methods & ThisType<Host> = {
  value(value: string) {
    const field = fieldOf(this);
    if (field.value !== value) field.value = value;
    refreshPlaceholder(this);
  },
  placeholder(text: string) {
    fieldOf(this).placeholder = text;
    placeholderElement(this).textContent = text;
  },
  placeholderStyle(style: string) {
    placeholderElement(this).style.cssText = withUnits(style);
    refreshPlaceholder(this);
  },
  placeholderClass(names: string) {
    partsOf(this).placeholder.class = names;
    placeholderElement(this).classList.add('wx-placeholder');
  },
  disabled(disabled: boolean) {
    fieldOf(this).disabled = disabled;
  },
  maxlength(limit: number) {
    if (limit < 0) fieldOf(this).removeAttribute('maxlength');
    else fieldOf(this).maxLength = limit;
  },
  confirmType(type: string) {
    fieldOf(this).enterKeyHint = type === 'return' ? 'enter' : type;
  },
  'focus, cursor, selectionStart, selectionEnd'() {
    soon(this, select);
  },
  autoFocus(focus: boolean) {
    if (focus) this.setData({ focus: true });
  },
  ariaLabel(text: string) {
    fieldOf(this).setAttribute('aria-label', text);
    dom(this).removeAttribute('aria-label');
  },
};

/** The methods by which a form reads and resets the field. */
export const fieldMethods: Methods = {
  formValue(this: Host): string {
    return fieldOf(this).value;
  },
  formReset(this: Host): void {
    this.setData({ value: '' });
    fieldOf(this).value = '';
    refreshPlaceholder(this);
  },
};
