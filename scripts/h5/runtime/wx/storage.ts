/** The storage of `wx`, kept in localStorage under a prefix of its own. */

import { type AsyncCall, asyncCall, Refused, WxFailure, reasonOf } from './call';
import { decode, encode } from './codec';

const PREFIX = 'tuisan:';
const LIMIT_KB = 10_240;

function ownKeys(): string[] {
  return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
}

function put(key: string, value: unknown): void {
  if (typeof key !== 'string' || key === '') throw new Refused('parameter error: key must be a string');
  localStorage.setItem(PREFIX + key, encode(value));
}

/** A list with the value under `key`; an empty list where there is none. */
function look(key: string): [] | [unknown] {
  const text = localStorage.getItem(PREFIX + key);
  return text === null ? [] : [decode(text)];
}

function info(): { keys: string[]; currentSize: number; limitSize: number } {
  const keys = ownKeys();
  const characters = keys.reduce((sum, key) => sum + key.length + (localStorage.getItem(key)?.length ?? 0), 0);
  return {
    keys: keys.map((key) => key.slice(PREFIX.length)),
    currentSize: Math.ceil(characters / 1024),
    limitSize: LIMIT_KB,
  };
}

function clear(): void {
  for (const key of ownKeys()) localStorage.removeItem(key);
}

export function setStorageSync(key: string, data: unknown): void {
  try {
    put(key, data);
  } catch (error) {
    throw new WxFailure('setStorageSync', reasonOf(error));
  }
}

/** The value under `key`; an empty string where there is none, as in WeChat. */
export function getStorageSync(key: string): unknown {
  const [value = ''] = look(key);
  return value;
}

export const removeStorageSync = (key: string): void => localStorage.removeItem(PREFIX + key);
export const clearStorageSync = clear;
export const getStorageInfoSync = info;

interface Entry {
  key: string;
  data: unknown;
}

export const setStorage = asyncCall('setStorage', ({ key, data }: Entry) => put(key, data));
export const getStorage = asyncCall('getStorage', ({ key }: { key: string }) => {
  const found = look(key);
  if (found.length === 0) throw new Refused('data not found');
  return { data: found[0] };
});
export const removeStorage = asyncCall('removeStorage', ({ key }: { key: string }) => removeStorageSync(key));
export const clearStorage: AsyncCall<object, void> = asyncCall('clearStorage', clear);
export const getStorageInfo = asyncCall('getStorageInfo', info);
