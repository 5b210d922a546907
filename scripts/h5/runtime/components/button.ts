import { ancestor, builtin, dom, type Host } from '../core/builtin';
import { addStyle } from '../core/style';

addStyle(`
wx-button { display: block; position: relative; box-sizing: border-box; margin: 0 auto; padding: 0 14px; border-radius: 8px; overflow: hidden;
  font-size: 17px; line-height: 44px; text-align: center; cursor: pointer; color: #2B211C; background: #F3EAE0 }
wx-button[type="primary"] { color: #fff; background: #C8371F }
wx-button[type="warn"] { color: #fff; background: #9E2A17 }
wx-button[plain] { background: none; border: 1px solid currentColor }
wx-button[plain][type="primary"] { color: #C8371F }
wx-button[size="mini"] { display: inline-block; padding: 0 1em; font-size: 14px; line-height: 32px }
wx-button[aria-disabled="true"] { opacity: .5; pointer-events: none; cursor: default }
wx-button[aria-busy="true"]::before { content: ""; display: inline-block; width: 1em; height: 1em; margin-right: .5em; vertical-align: -.1em; box-sizing: border-box;
  border: 2px solid; border-right-color: transparent; border-radius: 50%; animation: wx-turn .8s linear infinite }
.button-hover { filter: brightness(.94) }
@keyframes wx-turn { to { transform: rotate(1turn) } }
`);

interface ButtonData {
  disabled: boolean;
  openType: string;
  formType: string;
}

async function act(host: Host): Promise<void> {
  const { disabled, openType, formType } = host.data as ButtonData;
  if (disabled) return;
  if (formType) {
    const form = ancestor(host, 'form') as (Host & Record<'submit' | 'reset', () => void>) | null;
    if (formType === 'submit' || formType === 'reset') form?.[formType]();
  }
  if (!openType) return;
  const { openAs } = await import('./open-types');
  await openAs(openType, host);
}

function mark(host: { $$: unknown }, name: string, value: string | boolean): void {
  if (value === false || value === '') dom(host).removeAttribute(name);
  else dom(host).setAttribute(name, value === true ? '' : value);
}

builtin('button', {
  properties: {
    hoverClass: { type: String, value: 'button-hover' },
    hoverStartTime: { type: Number, value: 20 },
    hoverStayTime: { type: Number, value: 70 },
    type: String,
    size: String,
    plain: Boolean,
    disabled: Boolean,
    loading: Boolean,
    formType: String,
    openType: String,
    lang: String,
    sessionFrom: String,
    sendMessageTitle: String,
    sendMessagePath: String,
    sendMessageImg: String,
    showMessageCard: Boolean,
    appParameter: String,
    phoneNumberNoQuotaToast: Boolean,
  },
  observers: {
    type(type: string) {
      mark(this, 'type', type);
    },
    size(size: string) {
      mark(this, 'size', size);
    },
    plain(plain: boolean) {
      mark(this, 'plain', plain);
    },
    loading(loading: boolean) {
      mark(this, 'aria-busy', loading && 'true');
    },
    disabled(disabled: boolean) {
      mark(this, 'aria-disabled', disabled && 'true');
      dom(this).tabIndex = disabled ? -1 : 0;
    },
  },
  lifetimes: {
    created() {
      const element = dom(this);
      element.setAttribute('role', 'button');
      element.tabIndex = 0;
      element.addEventListener('click', () => void act(this as unknown as Host));
    },
  },
});
