import { builtin, dom, fire, type Host } from '../core/builtin';
import { addStyle } from '../core/style';
import * as navigation from '../wx/navigation';

addStyle(`
wx-navigator { display: block; cursor: pointer }
.navigator-hover { opacity: .7 }
`);

interface Target {
  url: string;
  delta: number;
  openType: string;
}

function go({ url, delta, openType }: Target): Promise<unknown> | undefined {
  switch (openType) {
    case 'redirect':
      return navigation.redirectTo({ url });
    case 'switchTab':
      return navigation.switchTab({ url });
    case 'reLaunch':
      return navigation.reLaunch({ url });
    case 'navigateBack':
    case 'exit':
      return navigation.navigateBack({ delta });
    default:
      return navigation.navigateTo({ url });
  }
}

builtin('navigator', {
  properties: {
    url: String,
    target: String,
    delta: { type: Number, value: 1 },
    openType: { type: String, value: 'navigate' },
    hoverClass: { type: String, value: 'navigator-hover' },
  },
  lifetimes: {
    created() {
      const host = this as unknown as Host;
      const element = dom(this);
      element.setAttribute('role', 'link');
      element.tabIndex = 0;
      element.addEventListener('click', () => {
        go(host.data as Target)?.then(
          (answer) => fire(host, 'success', answer),
          (failure: unknown) => fire(host, 'fail', failure),
        );
      });
    },
  },
});
