/** The entry of the runtime: it starts the shop. */

import manifest from 'h5:manifest';

import './components';
import { enterOptions, launch, tellApp } from './core/app';
import { provideBuiltins } from './core/builtin';
import { report, watchErrors } from './core/errors';
import { watchGestures } from './core/gestures';
import { mountShop } from './core/layers';
import { entryAddress, startPages, topFrame } from './core/pages';
import { space } from './core/space';
import { teachElements } from './core/style';
import { defineGlobals } from './globals';
import { inDevelopment } from './wx/sandbox';
import { openShareSheet } from './wx/share';
import { showToast } from './wx/toast';

function watchVisibility(): void {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      topFrame()?.pause();
      tellApp('hide', {});
    } else {
      tellApp('show', enterOptions());
      topFrame()?.show();
    }
  });
  // Beside another window a page stays visible. Who comes back to it sees what has happened since, as after a pause.
  let away = false;
  window.addEventListener('blur', () => {
    away = true;
  });
  window.addEventListener('focus', () => {
    if (!away || document.hidden) return;
    away = false;
    topFrame()?.pause();
    topFrame()?.show();
  });
  window.addEventListener('unhandledrejection', ({ reason, promise }) => {
    report(reason);
    tellApp('unhandledRejection', { reason: String(reason), promise });
  });
}

function sayUnreachable(): void {
  void showToast({ title: '网络连接不上，请检查网络后重试', icon: 'none', duration: 3000 });
}

async function start(): Promise<void> {
  watchErrors();
  teachElements();
  provideBuiltins(space.getComponentSpace());
  defineGlobals();
  mountShop();
  watchGestures();
  watchVisibility();
  await manifest.app();
  launch(entryAddress());
  await startPages({ share: openShareSheet, sayUnreachable });
  if (inDevelopment()) (await import('./desk/desk')).openDesk();
  else (await import('./outside/open-in-wechat')).showWay();
}

start().catch(report);
