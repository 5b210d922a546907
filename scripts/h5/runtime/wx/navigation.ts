/** `wx` calls about pages and their bars. The runtime's core does the work. */

import { enterOptions, launchOptions, offApp, onApp } from '../core/app';
import * as pages from '../core/pages';
import * as refresh from '../core/refresh';
import { scrollPage } from '../core/scroll';
import { tabBar } from '../core/tab-bar';
import { asyncCall, Refused } from './call';
import { setShareMenu } from './share';

interface To {
  url: string;
  events?: Record<string, (data: unknown) => void>;
}

function address({ url }: To): string {
  if (typeof url !== 'string' || url === '') throw new Refused('parameter error: url must be a string');
  return url;
}

export const navigateTo = asyncCall('navigateTo', async (to: To) => ({
  eventChannel: await pages.navigateTo(address(to), to.events),
}));
export const redirectTo = asyncCall('redirectTo', (to: To) => pages.redirectTo(address(to)));
export const switchTab = asyncCall('switchTab', (to: To) => pages.switchTab(address(to)));
export const reLaunch = asyncCall('reLaunch', (to: To) => pages.reLaunch(address(to)));
export const navigateBack = asyncCall('navigateBack', ({ delta = 1 }: { delta?: number }) => pages.navigateBack(delta));

/** The bar of the page on top. */
function bar() {
  const nav = pages.topFrame()?.nav;
  if (!nav) throw new Refused('no page is open');
  return nav;
}

export const setNavigationBarTitle = asyncCall('setNavigationBarTitle', ({ title }: { title: string }): void =>
  bar().setTitle(title),
);
export const setNavigationBarColor = asyncCall(
  'setNavigationBarColor',
  (colors: { frontColor: string; backgroundColor: string }): void =>
    bar().setColors(colors.frontColor, colors.backgroundColor),
);
export const showNavigationBarLoading = asyncCall('showNavigationBarLoading', (): void => bar().setLoading(true));
export const hideNavigationBarLoading = asyncCall('hideNavigationBarLoading', (): void => bar().setLoading(false));
export const hideHomeButton = asyncCall('hideHomeButton', (): void => bar().hideHome());

interface Tab {
  index: number;
}

interface TabItem extends Tab {
  text?: string;
  iconPath?: string;
  selectedIconPath?: string;
}

interface TabStyle {
  color?: string;
  selectedColor?: string;
  backgroundColor?: string;
  borderStyle?: string;
}

export const setTabBarBadge = asyncCall('setTabBarBadge', ({ index, text }: Tab & { text: string }): void =>
  tabBar.setBadge(index, text),
);
export const removeTabBarBadge = asyncCall('removeTabBarBadge', ({ index }: Tab): void => tabBar.removeBadge(index));
export const showTabBarRedDot = asyncCall('showTabBarRedDot', ({ index }: Tab): void => tabBar.setDot(index, true));
export const hideTabBarRedDot = asyncCall('hideTabBarRedDot', ({ index }: Tab): void => tabBar.setDot(index, false));
export const setTabBarItem = asyncCall('setTabBarItem', ({ index, ...item }: TabItem): void =>
  tabBar.setItem(index, item),
);
export const setTabBarStyle = asyncCall('setTabBarStyle', (style: TabStyle): void => tabBar.setStyle(style));
export const showTabBar = asyncCall('showTabBar', (): void => tabBar.setShown(true));
export const hideTabBar = asyncCall('hideTabBar', (): void => tabBar.setShown(false));

export const startPullDownRefresh = asyncCall('startPullDownRefresh', (): void => refresh.startPullDownRefresh());
export const stopPullDownRefresh = asyncCall('stopPullDownRefresh', (): void => refresh.stopPullDownRefresh());

export const showShareMenu = asyncCall('showShareMenu', (): void => setShareMenu(true));
export const hideShareMenu = asyncCall('hideShareMenu', (): void => setShareMenu(false));

/** Does nothing: what it updates (group tickets, Moments) exists only in WeChat. */
export const updateShareMenu = asyncCall('updateShareMenu', (): void => undefined);

interface ScrollOptions {
  scrollTop?: number;
  selector?: string;
  duration?: number;
}

export const pageScrollTo = asyncCall('pageScrollTo', (options: ScrollOptions) => scrollPage(options));

export const getLaunchOptionsSync = launchOptions;
export const getEnterOptionsSync = enterOptions;

type AppListener = (detail: unknown) => void;

export const onAppShow = (listener: AppListener): void => onApp('show', listener);
export const offAppShow = (listener: AppListener): void => offApp('show', listener);
export const onAppHide = (listener: AppListener): void => onApp('hide', listener);
export const offAppHide = (listener: AppListener): void => offApp('hide', listener);
export const onError = (listener: AppListener): void => onApp('error', listener);
export const offError = (listener: AppListener): void => offApp('error', listener);
export const onUnhandledRejection = (listener: AppListener): void => onApp('unhandledRejection', listener);
export const offUnhandledRejection = (listener: AppListener): void => offApp('unhandledRejection', listener);
export const onPageNotFound = (listener: AppListener): void => onApp('pageNotFound', listener);
export const offPageNotFound = (listener: AppListener): void => offApp('pageNotFound', listener);
