import { builtin, type Host } from '../core/builtin';
import { addField, confirm, fieldMethods, fieldObservers, fieldOf, fieldProperties } from './text-field';

/** The browser's keyboard (`inputmode`) for each of WeChat's types. */
const KEYBOARDS: Record<string, string> = { number: 'numeric', digit: 'decimal', idcard: 'text', tel: 'tel' };

function setType(host: Host): void {
  const { type, password } = host.data as { type: string; password: boolean };
  const field = fieldOf(host) as HTMLInputElement;
  field.type = password || type === 'safe-password' ? 'password' : 'text';
  field.inputMode = KEYBOARDS[type] ?? '';
  if (type === 'nickname') field.setAttribute('autocomplete', 'nickname');
}

builtin('input', {
  properties: { ...fieldProperties, type: { type: String, value: 'text' }, password: Boolean },
  observers: {
    ...fieldObservers,
    'type, password': function keyboard() {
      setType(this as unknown as Host);
    },
  },
  methods: fieldMethods,
  lifetimes: {
    created() {
      const host = this as unknown as Host;
      const field = document.createElement('input');
      field.autocomplete = 'off';
      field.maxLength = 140;
      addField(host, field);
      field.addEventListener('keydown', (event) => {
        if (event.key === 'Enter' && !event.isComposing) confirm(host);
      });
    },
  },
});
