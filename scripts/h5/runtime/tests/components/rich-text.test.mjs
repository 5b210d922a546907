/** What of rich text reaches the page. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../load.mjs';

const { allowed } = await load('components/rich-safety.ts');

test('rich text keeps looks and pictures, and nothing that acts', () => {
  assert.equal(allowed('style', 'width: 10rpx'), true);
  assert.equal(allowed('style', 'background: url(//x)'), false);
  assert.equal(allowed('onclick', 'x()'), false);
  assert.equal(allowed('src', ' https://img.test/a.png'), true);
  for (const src of ['javascript:alert(1)', ' JavaScript:alert(1)', 'data:text/html,x', 'vbscript:x']) assert.equal(allowed('src', src), false, src);
});
