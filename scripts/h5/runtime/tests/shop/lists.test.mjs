/** What pages show when answers come late, and when long lists are read again. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../load.mjs';

const { LOADING, show } = await load('../../../miniprogram/lib/screen.ts');
const { Listing } = await load('../../../miniprogram/lib/listing.ts');

function page(data = {}) {
  const made = { data: { screen: LOADING, items: [], ...data }, setData: (changes) => void Object.assign(made.data, changes) };
  return made;
}

/** A promise and the function that fulfils it. */
function answer() {
  let give;
  const promise = new Promise((resolve) => (give = resolve));
  return { promise, give };
}

test('of two loadings the later one is shown, whichever ends last', async () => {
  const shown = page();
  const [old, fresh] = [answer(), answer()];
  const both = [show(shown, () => old.promise), show(shown, () => fresh.promise)];
  fresh.give({ words: 'fresh' });
  old.give({ words: 'old' });
  await Promise.all(both);
  assert.equal(shown.data.words, 'fresh');
  assert.equal(shown.data.screen.phase, 'ready');
});

test('a loading that fails late does not take away what a later one brought', async () => {
  const shown = page();
  const fresh = answer();
  const both = [show(shown, () => fresh.promise.then(() => Promise.reject(new Error('late')))), show(shown, async () => ({ words: 'fresh' }))];
  fresh.give();
  await Promise.all(both);
  assert.deepEqual([shown.data.words, shown.data.screen.phase], ['fresh', 'ready']);
});

test('a list that is read again is as long as before, and not longer than there is', async () => {
  const read = async (cursor) => {
    const from = Number(cursor ?? 0);
    return { items: [from, from + 1].map((id) => ({ id })), next_cursor: from < 6 ? String(from + 2) : null };
  };
  const shown = page();
  const list = new Listing(shown, read, (item) => item);
  const ids = () => shown.data.items.map(({ id }) => id);
  await list.start();
  assert.deepEqual(ids(), [0, 1]);
  shown.data.items = [...Array(5).keys()].map((id) => ({ id }));
  await list.start();
  assert.deepEqual(ids(), [0, 1, 2, 3, 4, 5]);
  shown.data.items = [...Array(50).keys()].map((id) => ({ id }));
  await list.start();
  assert.deepEqual(ids(), [0, 1, 2, 3, 4, 5, 6, 7]);
  await list.start(true);
  assert.deepEqual(ids(), [0, 1]);
});
