/** The device: network, clipboard, system information, and some calls that a browser answers in its own way. */

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

/** Copy without the Clipboard API, which is missing on plain http and in old browsers. Throws Refused. */
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

/** Copies, and shows the toast 内容已复制 as WeChat does. */
export const setClipboardData = asyncCall('setClipboardData', async ({ data }: { data: string }): Promise<void> => {
  try {
    await navigator.clipboard.writeText(data);
  } catch {
    copyBySelection(data); // there is no permission, or the address is not https
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

/** Vibrates where the device can; elsewhere it does nothing, which is no failure. */
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

/** The version of WeChat's base library whose calls this runtime has. */
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

/** There are never updates to install: the server always sends the newest build. */
export const getUpdateManager = (): object => ({
  onCheckForUpdate: (tell: (result: { hasUpdate: boolean }) => void) => setTimeout(() => tell({ hasUpdate: false })),
  onUpdateReady: () => undefined,
  onUpdateFailed: () => undefined,
  applyUpdate: () => undefined,
});
