/** What a build makes of the fixture: file names, splitting, style, and which mistakes it refuses. */

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { buildShop } from '../shop.mjs';

const fixture = path.join(import.meta.dirname, 'fixture');
const packages = path.resolve(import.meta.dirname, '../../../../miniprogram');
const folder = mkdtempSync(path.join(os.tmpdir(), 'h5-'));
const out = path.join(folder, 'h5');
/** The server takes a file name of this form for one with a hash of its content. */
const HASHED = /[.-][0-9A-Za-z_]{8,}(\.[a-z0-9]+)+$/;

/** @type {Awaited<ReturnType<typeof buildShop>>} */
let result;
/** @type {Map<string, string>} */
let files;

before(async () => {
  result = await buildShop({ source: fixture, out, packages });
  files = new Map(readdirSync(path.join(out, 'assets')).map((name) => [name, readFileSync(path.join(out, 'assets', name), 'utf8')]));
});
after(() => rmSync(folder, { recursive: true }));

/** The one script that contains all of `texts`, without the backslashes in its strings. @param {string[]} texts */
function scriptWith(...texts) {
  const found = [...files].filter(([name, text]) => name.endsWith('.js') && texts.every((one) => text.includes(one)));
  assert.equal(found.length, 1, `${texts} in ${found.map(([name]) => name)}`);
  return found[0]?.[1].replaceAll('\\', '') ?? '';
}

/** Build a copy of the fixture in which `change` was applied to the text of `file`. @param {string} file @param {(text: string) => string} change */
async function buildWith(file, change) {
  const source = path.join(mkdtempSync(path.join(folder, 'changed-')), 'mp');
  cpSync(fixture, source, { recursive: true });
  writeFileSync(path.join(source, file), change(readFileSync(path.join(source, file), 'utf8')));
  return buildShop({ source, packages, out: path.join(source, 'out') });
}

test('pages of packages count, and each component once', () => {
  assert.equal(result.pages, 5);
  assert.ok(result.firstViewBytes < 150 * 1024, `home loads ${result.firstViewBytes} bytes`);
});

test('every file is named by its content', () => {
  for (const name of files.keys()) assert.match(name, HASHED);
});

test('the page has the place for the server to say where it runs, and no script of its own', () => {
  const html = readFileSync(path.join(out, 'index.html'), 'utf8');
  assert.ok(html.includes('<meta name="tuisan" content="">'));
  assert.equal(html.match(/<script/g)?.length, 1);
  for (const [, name = ''] of html.matchAll(/(?:src|href)="assets\/([^"]+)"/g)) assert.ok(files.has(name), name);
});

test('a page loads only what it uses', () => {
  const popup = scriptWith('t-popup__content', 'onTransitionEnd');
  assert.ok(!popup.includes('不冒泡'), 'home is elsewhere');
  scriptWith('不冒泡');
});

test('the server is where the shop came from', () => {
  for (const [name, text] of files) assert.ok(!text.includes('127.0.0.1'), name);
});

test('classes of components are their own, those of pages stay in their page', () => {
  const home = scriptWith('不冒泡');
  assert.match(home, /:where\(\[wx-host="?c\w"?\]\)\{display:block/);
  assert.match(home, /\.c\w--box\.c\w--open\{/);
  assert.match(home, /:where\(\[data-page="pages\/home\/index"\]\) \.title\{font-size:calc\(var\(--rpx\) \* 40\);height:calc\(var\(--vh\) \* 10\)\}/);
  assert.match(home, /wx-page:where\(\[data-page="pages\/home\/index"\]\)\{padding:/);
  assert.match(home, /wx-view\.slot-head/);
  assert.match(home, /\.row:after/);
  assert.match(scriptWith('.shared{'), /wx-page\{background:var\(--paper\)/);
});

test('a class of a page that reaches into a component is found', async () => {
  assert.deepEqual(result.clashes, []);
  const { clashes } = await buildWith('pages/home/index.wxss', (text) => `${text}\n.badge { margin: 0 }`);
  assert.deepEqual(clashes, ['pages/home/index and components/badge/index both style .badge']);
});

test('icons are pictures, and only those that are used', () => {
  const parts = scriptWith('t-popup__content');
  assert.match(parts, /t-icon-home\{--t-icon-mask: ?url/);
  assert.ok(!parts.includes('t-icon-zoom-in{'));
  assert.ok(!parts.includes('@font-face'));
});

for (const [what, file, change, told] of /** @type {[string, string, (text: string) => string, RegExp][]} */ ([
  ['bad WXML', 'pages/tab/index.wxml', () => '<view>\n<text>a</view>', /pages\/tab\/index\.wxml:2:\d+: missing end tag/],
  ['a bad expression', 'pages/tab/index.wxml', () => '<view>{{a b}}</view>', /pages\/tab\/index\.wxml:1:\d+/],
  ['bad WXSS', 'pages/home/index.wxss', (text) => `${text}\n.open {`, /pages\/home\/index\.wxss:\d+:\d+: Unclosed block/],
  ['style from elsewhere', 'pages/home/index.wxss', (text) => `${text}\n.x { background: url(https://x.example/a.png) }`, /loads url\(https:\/\/x\.example/],
  ['a missing import', 'app.wxss', () => "@import './nothing.wxss';", /imports \.\/nothing\.wxss, which is not there/],
  ['a missing component', 'pages/tab/index.json', () => '{"usingComponents":{"x":"/components/none/index"}}', /components\/none\/index is used, but has no script/],
  ['another host in code', 'pages/tab/index.ts', () => "Page({ data: { at: 'https://x.example/' } })", /names another host: https:\/\/x\.example/],
  ['keyframes of two pages', 'pages/list/index.wxss', () => '@keyframes blink { to { opacity: 0 } }', /@keyframes blink is in both/],
  ['code that cannot be read', 'pages/tab/index.ts', () => 'Page({', /pages\/tab\/index\.ts/],
])) {
  test(`${what} stops the build and says where`, async () => {
    await assert.rejects(buildWith(file, change), (error) => error instanceof Error && told.test(error.message));
  });
}
