/** The members that have used this browser, each with the storage that the pages had for it. */

import { becomePerson, openid } from '../wx/sandbox';
import { clearStorageSync, getStorageInfoSync, getStorageSync, setStorageSync } from '../wx/storage';

export interface Person {
  openid: string;
  /** Counted from 1, in the order in which they were made. */
  number: number;
}

const LIST = 'tuisan-desk:people';
const KEPT = 'tuisan-desk:kept:';

/** All of them, with the present one. */
export function people(): Person[] {
  const known = listed();
  if (!known.includes(openid())) keepList([...known, openid()]);
  return listed().map((one, at) => ({ openid: one, number: at + 1 }));
}

/** A person's name on the desk. */
export function shown(person: Person): string {
  return `会员 ${person.number}（…${person.openid.slice(-4)}）`;
}

/** Make a new person and return its openid. */
export function meetSomebody(): string {
  const made = `h5-${Date.now().toString(36)}${Math.floor(Math.random() * 1e6)}`;
  keepList([...listed(), made]);
  return made;
}

/** Put the present person's storage away and bring back that of the person `other`. */
export function become(other: string): void {
  const mine = Object.fromEntries(getStorageInfoSync().keys.map((key) => [key, getStorageSync(key)]));
  localStorage.setItem(KEPT + openid(), JSON.stringify(mine));
  clearStorageSync();
  const theirs = JSON.parse(localStorage.getItem(KEPT + other) ?? '{}') as Record<string, unknown>;
  for (const [key, value] of Object.entries(theirs)) setStorageSync(key, value);
  becomePerson(other);
}

function listed(): string[] {
  return JSON.parse(localStorage.getItem(LIST) ?? '[]') as string[];
}

function keepList(all: string[]): void {
  localStorage.setItem(LIST, JSON.stringify(all));
}
