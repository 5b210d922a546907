/** What the pages may know of the device: size, network, clipboard, and a few things a browser does its own way. */

import { asyncCall, Refused } from './call';
import { showToast } from './toast';
import { requirePrivacy } from './privacy';

type NetworkListener = (status: { isConnected: boolean; networkType: string }) => void;

const networkListeners = new Map<NetworkListener, () => void>();

const networkType = (): string => (navigator.onLine ? 'wifi' : 'none');

export const getNetworkType = asyncCall('getNetworkType', () => ({ networkType: networkType() }));

export function onNetworkStatusChange(listener: NetworkListener): void {
  if (networkListeners.has(listener)) return;
  const tell = (): void => listener({ isConnected: navigator.onLine, networkType: networkType() });
  networkListeners.set(listener, tell);
  addEventListener('online', tell);
  addEventListener('offline', tell);
}

export function offNetworkStatusChange(listener?: NetworkListener): void {
  for (const one of listener ? [listener] : [...networkListeners.keys()]) {
    const tell = networkListeners.get(one);
    if (!tell) continue;
    removeEventListener('online', tell);
    removeEventListener('offline', tell);
    networkListeners.delete(one);
  }
}

/** Copying without the Clipboard API, which plain http and old browsers lack. */
function copyBySelection(text: string): void {
  const area = document.createElement('textarea');
  area.value = text;
  area.style.cssText = 'position: fixed; left: -9999px; top: 0';
  (document.querySelector('dialog:modal') ?? document.body).append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (!copied) throw new Refused('clipboard not available');
}

/** WeChat says 内容已复制 by itself, so this does too. */
export const setClipboardData = asyncCall('setClipboardData', async ({ data }: { data: string }): Promise<void> => {
  try {
    await navigator.clipboard.writeText(data);
  } catch {
    copyBySelection(data); // no permission, or no secure address
  }
  void showToast({ title: '内容已复制', icon: 'none' });
});

export const getClipboardData = asyncCall('getClipboardData', async () => {
  await requirePrivacy('getClipboardData');
  return { data: await navigator.clipboard.readText() };
});

export const makePhoneCall = asyncCall('makePhoneCall', ({ phoneNumber }: { phoneNumber: string }): void => {
  if (!phoneNumber) throw new Refused('parameter error: phoneNumber is empty');
  location.assign(`tel:${phoneNumber}`);
});

/** Feeling is a courtesy: devices that cannot vibrate stay still. */
export const vibrateShort = asyncCall('vibrateShort', (): void => {
  navigator.vibrate?.(15);
});

export const hideKeyboard = asyncCall('hideKeyboard', (): void => {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
});

const agent = navigator.userAgent;
const platform = /iPhone|iPad|iPod/.test(agent) ? 'ios' : 'android';

export function getDeviceInfo(): Record<string, unknown> {
  return {
    brand: 'browser',
    model: 'browser',
    platform,
    system: platform === 'ios' ? 'iOS' : 'Android',
    abi: '',
    benchmarkLevel: -1,
    cpuType: '',
    memorySize: '',
  };
}

/** The oldest base library whose calls all are here. */
const SDK_VERSION = '3.0.0';

export function getAppBaseInfo(): Record<string, unknown> {
  return {
    SDKVersion: SDK_VERSION,
    enableDebug: false,
    fontSizeSetting: 16,
    language: 'zh_CN',
    theme: 'light',
    version: '8.0.0',
    host: { env: 'H5' },
  };
}

export const getAppAuthorizeSetting = (): Record<string, string> => ({ albumAuthorized: 'authorized' });

const SETTING = { authSetting: { 'scope.writePhotosAlbum': true } };

export const getSetting = asyncCall('getSetting', () => SETTING);
export const openSetting = asyncCall('openSetting', () => SETTING);
export const authorize = asyncCall('authorize', (): void => undefined);

export const getAccountInfoSync = (): object => ({
  miniProgram: { appId: '', envVersion: 'release', version: '' },
});

/** H5 is always the newest: the server sends what it has. */
export const getUpdateManager = (): object => ({
  onCheckForUpdate: (tell: (result: { hasUpdate: boolean }) => void) => setTimeout(() => tell({ hasUpdate: false })),
  onUpdateReady: () => undefined,
  onUpdateFailed: () => undefined,
  applyUpdate: () => undefined,
});
