import { builtin, descendants, dom, fire, instanceAt, type Host } from '../core/builtin';
import { customFields } from '../core/form-field';
import { addStyle } from '../core/style';

addStyle(`
wx-form { display: block }
wx-label { display: inline; cursor: pointer }
`);

const FIELDS = ['input', 'textarea', 'switch', 'radio-group', 'checkbox-group', 'picker', 'slider'];

type FormField = Host & { formValue(): unknown; formReset(): void };

function fields(form: { $$: unknown }): FormField[] {
  return FIELDS.flatMap((tag) => descendants(form, tag)) as FormField[];
}

builtin('form', {
  properties: { reportSubmit: Boolean, reportSubmitTimeout: Number },
  methods: {
    submit(): void {
      const value: Record<string, unknown> = {};
      for (const field of fields(this)) {
        const { name } = field.data as { name: string };
        if (name) value[name] = field.formValue();
      }
      for (const { name, value: given } of customFields(this)) value[name] = given;
      fire(this as unknown as Host, 'submit', { value, formId: '' });
    },
    reset(): void {
      for (const field of fields(this)) field.formReset();
      fire(this as unknown as Host, 'reset');
    },
  },
});

const CONTROLS = 'wx-button, wx-checkbox, wx-radio, wx-switch, wx-input, wx-textarea, wx-picker';

/** The control that a label belongs to: the one that it names, or the first one inside it. */
function controlOf(host: Host): HTMLElement | null {
  const { for: id } = host.data as { for: string };
  if (!id) return dom(host).querySelector<HTMLElement>(CONTROLS);
  const found = (host.ownerShadowRoot as { getElementById?(id: string): unknown } | null)?.getElementById?.(id);
  return found ? dom(found as Host) : null;
}

builtin('label', {
  properties: { for: String },
  lifetimes: {
    created() {
      const label = dom(this);
      label.addEventListener('click', (event) => {
        if (!label.isConnected) return; // what the tap did has removed the label
        const tapped = (event.target as Element).closest(CONTROLS);
        const control = controlOf(this as unknown as Host);
        if (!tapped && control && instanceAt(control)) control.click();
      });
    },
  },
});
