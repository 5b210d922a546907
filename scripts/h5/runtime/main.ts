/** The shop starts here. */

import manifest from 'h5:manifest';

import './components';
import { enterOptions, launch, tellApp } from './core/app';
import { provideBuiltins } from './core/builtin';
import { report, watchErrors } from './core/errors';
import { watchGestures } from './core/gestures';
import { defineGlobals } from './core/globals';
import { mountShop } from './core/layers';
import { entryAddress, startPages, topFrame } from './core/pages';
import { space } from './core/space';
import { teachElements } from './core/style';
import { inDevelopment } from './wx/sandbox';

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
  window.addEventListener('unhandledrejection', ({ reason, promise }) => {
    report(reason);
    tellApp('unhandledRejection', { reason: String(reason), promise });
  });
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
  await startPages();
  if (inDevelopment()) (await import('./desk/desk')).openDesk();
  else (await import('./outside/open-in-wechat')).showWay();
}

start().catch(report);
