/** The window's sizes, and queries about what it contains. */

import { capsule } from '../core/nav-bar';
import { topFrame } from '../core/pages';
import { asyncCall } from './call';
import { getAppBaseInfo, getDeviceInfo } from './device';
import { SelectorQuery } from './selector';

type Info = Record<string, unknown>;

/** The largest width of the shop's column, in px. */
const COLUMN = 480;

/** Sizes in px. As in WeChat, the window is what the bars leave for the page; the screen is the shop's column. */
export function getWindowInfo(): Info {
  const { clientWidth, clientHeight: screenHeight } = document.documentElement;
  const frame = topFrame()?.window;
  const screenWidth = frame?.clientWidth ?? Math.min(clientWidth, COLUMN);
  return {
    pixelRatio: devicePixelRatio,
    screenWidth,
    screenHeight,
    windowWidth: screenWidth,
    windowHeight: frame?.clientHeight ?? screenHeight,
    statusBarHeight: 0,
    screenTop: frame?.getBoundingClientRect().top ?? 0,
    safeArea: { left: 0, top: 0, right: screenWidth, bottom: screenHeight, width: screenWidth, height: screenHeight },
  };
}

export function getSystemInfoSync(): Info {
  return { ...getDeviceInfo(), ...getAppBaseInfo(), ...getWindowInfo() };
}

export const getSystemInfo = asyncCall('getSystemInfo', getSystemInfoSync);

/** The place of WeChat's menu button. */
export function getMenuButtonBoundingClientRect(): Info {
  const { width, height, top, right, bottom, left } = capsule();
  return { width, height, top, right, bottom, left };
}

type SizeListener = (result: { size: { windowWidth: number; windowHeight: number } }) => void;

const sizeListeners = new Map<SizeListener, () => void>();

export function onWindowResize(listener: SizeListener): void {
  const tell = (): void => {
    const { windowWidth, windowHeight } = getWindowInfo() as { windowWidth: number; windowHeight: number };
    listener({ size: { windowWidth, windowHeight } });
  };
  sizeListeners.set(listener, tell);
  addEventListener('resize', tell);
}

export function offWindowResize(listener: SizeListener): void {
  const tell = sizeListeners.get(listener);
  if (tell) removeEventListener('resize', tell);
  sizeListeners.delete(listener);
}

export const createSelectorQuery = (): SelectorQuery => new SelectorQuery(topFrame()?.page);

/** The observer that `owner` makes, a page or component; see `core/intersection.ts`. */
export const createIntersectionObserver = <O>(
  owner: { createIntersectionObserver(options?: O): object },
  options?: O,
): object => owner.createIntersectionObserver(options);
