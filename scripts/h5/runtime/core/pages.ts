/** Moves from page to page, and keeps the browser's history in step. */

import manifest from 'h5:manifest';

import { addressOf, type Address } from './address';
import { enter, tellApp } from './app';
import { EventChannel } from './event-channel';
import { Frame, type PageObject } from './frame';
import { report } from './errors';
import { column } from './layers';
import type { Lead } from './nav-bar';
import { entryAt, remember, remembered, typedUrl, type Entry } from './stack';
import { tabBar } from './tab-bar';

export type { Frame, PageObject } from './frame';

const DEPTH = 10;

/** What pages need from the rest of the shop: the core itself knows neither `wx` nor the tags. */
export interface Surroundings {
  /** Offer to share the page on top. */
  share(): void;
  /** Say that a page could not be loaded because the network is away. */
  sayUnreachable(): void;
}

let surroundings: Surroundings; // given by startPages

let stack: Entry[] = [];
/** The pages of tabs, by route. They stay alive while another tab is shown. */
const tabs = new Map<string, Entry>();

let queue: Promise<unknown> = Promise.resolve();

/** Run `move` after all earlier moves have ended: each may have to load code first. */
function inTurn<T>(move: () => T | Promise<T>): Promise<T> {
  const turn = queue.then(move);
  queue = turn.catch(() => undefined);
  return turn;
}

/** The page on top; null before the first page is open. */
export function topFrame(): Frame | null {
  return stack.at(-1)?.frame ?? null;
}

/** The open pages, from bottom to top. */
export function getCurrentPages(): PageObject[] {
  return stack.flatMap(({ frame }) => (frame ? [frame.page] : []));
}

/** Show the pages as after a long pause: all of them stay open as they are, and each refreshes itself when it is seen. */
export function showAnew(): void {
  for (const { frame } of [...tabs.values(), ...stack]) frame?.outdate();
  topFrame()?.pause();
  topFrame()?.show();
}

/** The address that `url` names, seen from the page on top. Throws where there is no such page. */
function resolve(url: string): Address {
  const address = addressOf(url, topFrame()?.route);
  if (!manifest.pages[address.route]) throw new Error(`page "${address.route}" is not found`);
  return address;
}

function isTab({ route }: Address): boolean {
  return tabBar.indexOf(route) >= 0;
}

function act(what: Lead | 'share'): void {
  if (what === 'share') surroundings.share();
  else if (what === 'back') attempt(navigateBack(1));
  else if (what === 'home') attempt(switchTabOrLaunch(manifest.home));
}

function switchTabOrLaunch(route: string): Promise<void> {
  return tabBar.indexOf(route) >= 0 ? switchTab(`/${route}`) : reLaunch(`/${route}`);
}

/** A page's code could not be loaded: the network is away. */
class Unreachable extends Error {}

/** Load a page's code first, so that the move itself needs no waiting. Throws Unreachable. */
async function load({ route, url }: Address): Promise<void> {
  try {
    await manifest.pages[route]?.load();
  } catch (error) {
    if (await startingAnewHelps(url)) {
      history.pushState(null, '', `#/${url}`);
      location.reload();
    }
    throw new Unreachable(`page "${route}" cannot be loaded: ${String(error)}`);
  }
}

const ANEW = 'tuisan-h5:anew';
const ANEW_MS = 10_000;

/**
 * Whether to reload the shop because a page's code could not be loaded although the server answers. Either a newer
 * build has replaced that code, or the browser remembers a failure from when the network was away. Reloading helps in
 * both cases. The same address is not tried again for 10 s, so that the shop cannot reload for ever.
 */
async function startingAnewHelps(url: string): Promise<boolean> {
  const response = await fetch(location.pathname, { cache: 'no-cache' }).catch(() => null);
  const [tried, at] = (sessionStorage.getItem(ANEW) ?? '').split(' ');
  if (response?.ok !== true || (tried === url && Date.now() - Number(at) < ANEW_MS)) return false;
  sessionStorage.setItem(ANEW, `${url} ${Date.now()}`);
  return true;
}

/** Show or report the failure of a move that a bar or the browser asked for: no caller waits for it. */
function attempt(move: Promise<unknown>): void {
  move.catch((error: unknown) => {
    if (error instanceof Unreachable) surroundings.sayUnreachable();
    else report(error);
  });
}

/** Make `next` the stack: close the pages that are no longer in it and show its last page, whose code is loaded. */
function settle(next: Entry[]): void {
  const top = next.at(-1);
  if (!top) return;
  const before = stack.at(-1);
  const kept = new Set([...next, ...tabs.values()]);
  if (before !== top && before && kept.has(before)) before.frame?.hide();
  const closed = stack.filter((entry) => !kept.has(entry)).reverse();
  stack = next;
  for (const { frame } of closed) frame?.close();
  const { route } = top.address;
  if (isTab(top.address)) tabs.set(route, top);
  tabBar.follow(route);
  if (top.frame) {
    top.frame.show();
  } else {
    const config = manifest.pages[route]?.config ?? {};
    top.frame = new Frame(top.address, config, act, top.opener);
    top.frame.nav.setLead(leadOf(next));
    top.frame.open(column());
  }
}

function leadOf(entries: Entry[]): Lead {
  if (entries.length > 1) return 'back';
  const [only] = entries;
  return only && !isTab(only.address) && only.address.route !== manifest.home ? 'home' : 'none';
}

async function go(next: Entry[], how: 'push' | 'replace'): Promise<void> {
  const top = next.at(-1);
  if (!top) return;
  await load(top.address);
  remember(next, how);
  settle(next);
}

/** Open `url` above the page on top. Resolves to the near end of the channel to the new page. */
export function navigateTo(url: string, events?: Record<string, (data: unknown) => void>): Promise<EventChannel> {
  return inTurn(async () => {
    const address = resolve(url);
    if (isTab(address)) throw new Error('can not navigateTo a tabbar page');
    if (stack.length >= DEPTH) throw new Error(`webview count limit exceed (${DEPTH})`);
    const [near, far] = EventChannel.pair(events);
    await go([...stack, entryAt(address, far)], 'push');
    return near;
  });
}

/** Open `url` in place of the page on top. */
export function redirectTo(url: string): Promise<void> {
  return inTurn(() => {
    const address = resolve(url);
    if (isTab(address)) throw new Error('can not redirectTo a tabbar page');
    return go([...stack.slice(0, -1), entryAt(address)], 'replace');
  });
}

/** Show the tab at `url` and close all pages that are not tabs. */
export function switchTab(url: string): Promise<void> {
  return inTurn(() => {
    const address = resolve(url);
    if (!isTab(address)) throw new Error('can not switch to no-tabBar page');
    const entry = tabs.get(address.route) ?? entryAt(address);
    if (stack.length === 1 && stack[0] === entry) return undefined;
    return go([entry], 'push');
  });
}

/** Close all pages and open `url`. */
export function reLaunch(url: string): Promise<void> {
  return inTurn(async () => {
    const address = resolve(url);
    await load(address);
    for (const { frame } of tabs.values()) if (!stack.some((entry) => entry.frame === frame)) frame?.close();
    tabs.clear();
    await go([entryAt(address)], 'push');
  });
}

let returned: () => void = () => undefined;

/** Close `delta` pages by going as many steps back in the browser's history. */
export function navigateBack(delta: number): Promise<void> {
  return inTurn(() => {
    const steps = Math.min(delta, stack.length - 1);
    if (steps < 1) throw new Error('cannot navigate back at first page.');
    return new Promise<void>((done) => {
      returned = done;
      history.go(-steps);
    });
  });
}

/** Show the pages that the present step of the browser's history names. */
async function followHistory(): Promise<void> {
  const steps = remembered();
  if (!steps) return openTyped();
  const alive = new Map([...tabs.values(), ...stack].map((entry) => [entry.id, entry]));
  const next = steps.map(({ id, url }) => alive.get(id) ?? revived(id, addressOf(url)));
  const top = next.at(-1);
  if (!top || !manifest.pages[top.address.route]) return openTyped();
  await load(top.address);
  settle(next);
}

/** The entry of a page from before a reload. A tab has only one page, whichever step of the history named it. */
function revived(id: string, address: Address): Entry {
  const tab = tabs.get(address.route);
  return tab ?? { id, address, opener: null, frame: null };
}

/** Open the address in the browser's bar as the only page. In a running shop this is a new entry: the App is told. */
async function openTyped(): Promise<void> {
  const address = addressOf(typedUrl() || manifest.home);
  if (manifest.pages[address.route]) {
    if (stack.length) enter(address);
    await go([(isTab(address) && !Object.keys(address.query).length && tabs.get(address.route)) || entryAt(address)], 'replace');
    return;
  }
  tellApp('pageNotFound', { path: address.route, query: address.query, isEntryPage: stack.length === 0 });
  if (stack.length === 0) await go([entryAt(addressOf(manifest.home))], 'replace');
  else remember(stack, 'replace');
}

/** The address with which the shop was opened. */
export function entryAddress(): Address {
  return addressOf(remembered()?.at(-1)?.url ?? (typedUrl() || manifest.home));
}

/** Open the first page, and follow the browser from now on. */
export function startPages(given: Surroundings): Promise<void> {
  surroundings = given;
  column().append(tabBar.element);
  tabBar.onTap((index, { pagePath, text }) => {
    attempt(switchTab(`/${pagePath}`).then(() => topFrame()?.call('onTabItemTap', { index, pagePath, text })));
  });
  window.addEventListener('popstate', () => {
    const done = returned;
    returned = () => undefined;
    const following = followHistory();
    queue = queue.then(() => following).catch(() => undefined);
    attempt(following.finally(done));
  });
  return inTurn(followHistory);
}
