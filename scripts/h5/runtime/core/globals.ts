/** What scripts of the mini program find in their world. */

import * as adapter from 'glass-easel-miniprogram-adapter';

import { api, installSelectorQueries } from '../wx';
import { defineApp } from './app';
import { installWatchers } from './intersection';
import { getCurrentPages } from './pages';
import { defineConstructors } from './space';

export function defineGlobals(): void {
  defineConstructors();
  defineApp();
  installSelectorQueries(adapter.component.ComponentCaller.prototype);
  installWatchers(adapter.component.ComponentCaller.prototype);
  Object.assign(globalThis, { wx: api, getCurrentPages });
}
