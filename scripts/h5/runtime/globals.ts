/** The global names that scripts of the mini program use. */

import * as adapter from 'glass-easel-miniprogram-adapter';

import { defineApp } from './core/app';
import { installWatchers } from './core/intersection';
import { getCurrentPages } from './core/pages';
import { defineConstructors } from './core/space';
import { api, installSelectorQueries } from './wx';

/** Define `wx`, `App`, `Page`, `Component` and what belongs to them. */
export function defineGlobals(): void {
  defineConstructors();
  defineApp();
  installSelectorQueries(adapter.component.ComponentCaller.prototype);
  installWatchers(adapter.component.ComponentCaller.prototype);
  Object.assign(globalThis, { wx: api, getCurrentPages });
}
