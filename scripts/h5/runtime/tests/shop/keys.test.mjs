/** Idempotency keys of the mini program, kept in the runtime's own storage. */

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { load } from '../load.mjs';

/** What the runtime uses of a browser's storage: entries are its own properties. */
class Entries {
  getItem = (key) => (Object.hasOwn(this, key) ? this[key] : null);
  setItem = (key, text) => void (this[key] = text);
  removeItem = (key) => void delete this[key];
}

globalThis.localStorage = new Entries();
globalThis.wx = await load('wx/storage.ts');
const { forget, forgetAll, keyFor } = await load('../../../miniprogram/lib/keys.ts');

const MINUTE_MS = 60_000;
mock.timers.enable({ apis: ['Date'] });
beforeEach(forgetAll);

test('a wish keeps its key until its outcome is known', () => {
  const first = keyFor('one of these');
  assert.deepEqual(keyFor('one of these'), first);
  assert.notEqual(keyFor('two of these').value, first.value);
  forget(first);
  assert.notEqual(keyFor('one of these').value, first.value);
});

test('pressing again and again keeps the key, coming back later does not', () => {
  const first = keyFor('one of these');
  for (let presses = 0; presses < 3; presses += 1) {
    mock.timers.tick(10 * MINUTE_MS);
    assert.equal(keyFor('one of these').value, first.value);
  }
  mock.timers.tick(15 * MINUTE_MS);
  assert.notEqual(keyFor('one of these').value, first.value);
});

test('keys that nobody asks for again do not stay on the device', () => {
  keyFor('abandoned');
  mock.timers.tick(15 * MINUTE_MS);
  keyFor('another');
  assert.equal(Object.keys(wx.getStorageSync('keys')).length, 1);
});
