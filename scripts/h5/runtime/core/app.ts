/** The mini program's one `App`, and the events that it and other listeners receive. */

import type { Address } from './address';
import { errorsTo } from './errors';

export interface EnterOptions {
  path: string;
  query: Record<string, string>;
  scene: number;
  referrerInfo: Record<string, unknown>;
}

export type AppEvent = 'show' | 'hide' | 'error' | 'pageNotFound' | 'unhandledRejection';

type Listener = (detail: never) => void;
type AppObject = Record<string, unknown>;

/** WeChat's numbers for the way a member entered: by a scanned code, or otherwise. */
const SCENE = { scanned: 1047, plain: 1001 };

const listeners: Record<AppEvent, Set<Listener>> = {
  show: new Set(),
  hide: new Set(),
  error: new Set(),
  pageNotFound: new Set(),
  unhandledRejection: new Set(),
};

let app: AppObject = {};
let launched: EnterOptions = { path: '', query: {}, scene: SCENE.plain, referrerInfo: {} };
let entered = launched;

/** How the shop was opened. */
export function launchOptions(): EnterOptions {
  return launched;
}

/** How the shop was last entered: when it was opened, or by a link that was opened in its tab since then. */
export function enterOptions(): EnterOptions {
  return entered;
}

/** Call `listener` at every event of `kind`. */
export function onApp(kind: AppEvent, listener: Listener): void {
  listeners[kind].add(listener);
}

/** Stop calling `listener` at events of `kind`; without a listener, stop calling all of them. */
export function offApp(kind: AppEvent, listener?: Listener): void {
  if (listener) listeners[kind].delete(listener);
  else listeners[kind].clear();
}

function call(name: string, detail: unknown): void {
  const handler = app[name];
  if (typeof handler === 'function') handler.call(app, detail);
}

/** Call the App's handler (`onShow` and so on) and all listeners of `kind`. Returns whether there was any. */
export function tellApp(kind: AppEvent, detail: unknown): boolean {
  const name = `on${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
  call(name, detail);
  for (const listener of listeners[kind]) listener(detail as never);
  return listeners[kind].size > 0 || typeof app[name] === 'function';
}

function optionsOf({ route, query }: Address): EnterOptions {
  return { path: route, query, scene: 'scene' in query ? SCENE.scanned : SCENE.plain, referrerInfo: {} };
}

/** Tell the App that the running shop was entered at `address`, as WeChat does when a card is tapped. */
export function enter(address: Address): void {
  entered = optionsOf(address);
  tellApp('show', entered);
}

/** Start the App: the shop was opened at `address`. */
export function launch(address: Address): void {
  launched = entered = optionsOf(address);
  errorsTo((message) => tellApp('error', message));
  call('onLaunch', launched);
  tellApp('show', launched);
}

/** Define the globals that app.ts uses: `App` and `getApp`. */
export function defineApp(): void {
  Object.assign(globalThis, {
    App: (definition: AppObject) => {
      app = definition;
    },
    getApp: () => app,
  });
}
