import { builtin, dom, fire, type Host } from '../core/builtin';
import { soon } from './soon';
import { addField, confirm, fieldMethods, fieldObservers, fieldOf, fieldProperties } from './text-field';

const lineCounts = new WeakMap<HTMLElement, number>();

/** Make the field as high as its text if the page wants that, and fire `linechange` if the number of lines changed. */
function fit(host: Host): void {
  const field = fieldOf(host);
  const element = dom(host);
  if (!element.isConnected) return;
  if ((host.data as { autoHeight: boolean }).autoHeight) {
    element.style.height = 'auto';
    field.style.height = '0';
    field.style.height = `${field.scrollHeight}px`;
  }
  const height = field.scrollHeight;
  const lineHeight = parseFloat(getComputedStyle(field).lineHeight) || parseFloat(getComputedStyle(field).fontSize) * 1.4;
  const lineCount = Math.max(1, Math.round(height / lineHeight));
  if (lineCounts.get(element) === lineCount) return;
  lineCounts.set(element, lineCount);
  fire(host, 'linechange', { height, lineCount });
}

builtin('textarea', {
  properties: {
    ...fieldProperties,
    autoHeight: Boolean,
    fixed: Boolean,
    showConfirmBar: Boolean,
    disableDefaultPadding: Boolean,
  },
  observers: {
    ...fieldObservers,
    'value, autoHeight': function grow() {
      const host = this as unknown as Host;
      const field = fieldOf(host);
      const { value } = host.data as { value: string };
      if (field.value !== value) field.value = value;
      soon(host, fit);
    },
  },
  methods: fieldMethods,
  lifetimes: {
    created() {
      const host = this as unknown as Host;
      const field = document.createElement('textarea');
      field.maxLength = 140;
      addField(host, field);
      field.addEventListener('keydown', (event) => {
        const { confirmType } = host.data as { confirmType: string };
        if (event.key !== 'Enter' || event.isComposing || !confirmType || confirmType === 'return') return;
        event.preventDefault();
        confirm(host);
      });
    },
    attached() {
      fit(this as unknown as Host);
    },
  },
});
