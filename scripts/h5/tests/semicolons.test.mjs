/** The H5 sources end statements in semicolons; the mini program, and the small one that tests build, do without. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { strayEnds } from './semicolons.mjs';

const SOURCES = path.resolve(import.meta.dirname, '..');
const SHOP = path.resolve(SOURCES, '../../miniprogram');
const FIXTURE = path.join(SOURCES, 'builder/tests/fixture');

/** The scripts in `folder`, installed packages and what is in `apart` left out. @param {string} folder @param {string} [apart] */
function scriptsIn(folder, apart) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => /\.(ts|js|mjs)$/.test(file) && !/\/(node_modules|miniprogram_npm)\//.test(file))
    .filter((file) => !apart || !file.startsWith(apart + path.sep));
}

/** One line for each script that ends statements in another way. @param {string[]} files @param {'with' | 'without'} style */
function strayIn(files, style) {
  return files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const [first] = strayEnds(file, text, style);
    return first ? [`${path.relative(SOURCES, file)}:${text.slice(0, first.start).split('\n').length}: ${style} semicolons, please`] : [];
  });
}

test('the builder, the runtime and their tests have semicolons', () => {
  const files = scriptsIn(SOURCES, FIXTURE);
  assert.ok(files.length > 100, `${files.length} scripts were read`);
  assert.deepEqual(strayIn(files, 'with'), []);
});

for (const [what, folder] of [
  ['the mini program', SHOP],
  ['the mini program that tests build', FIXTURE],
]) {
  test(`${what} has none`, () => {
    const files = scriptsIn(folder);
    assert.ok(files.length > 5, `${files.length} scripts were read`);
    assert.deepEqual(strayIn(files, 'without'), []);
  });
}

for (const [what, plain, ended] of [
  ['an import', "import './a'\n", "import './a';\n"],
  ['an export', 'export { a }\n', 'export { a };\n'],
  ['a declaration', 'const a = 1\n', 'const a = 1;\n'],
  ['a call', 'a()\n', 'a();\n'],
  ['a return', 'function f() {\n  return 1\n}\n', 'function f() {\n  return 1;\n}\n'],
  ['a member of an interface', 'interface A {\n  a: string\n}\n', 'interface A {\n  a: string;\n}\n'],
  ['a loop with its test at the end', 'do {\n  a()\n} while (b)\n', 'do {\n  a();\n} while (b);\n'],
]) {
  test(`${what} ends as its style has it`, () => {
    assert.deepEqual(strayEnds('a.ts', ended, 'with'), []);
    assert.deepEqual(strayEnds('a.ts', plain, 'without'), []);
    assert.equal(changed(plain, strayEnds('a.ts', plain, 'with')), ended);
    assert.equal(changed(ended, strayEnds('a.ts', ended, 'without')), plain);
  });
}

/** @param {string} text @param {ReturnType<typeof strayEnds>} changes */
function changed(text, changes) {
  return changes.reduceRight((now, { start, length, newText }) => now.slice(0, start) + newText + now.slice(start + length), text);
}

test('a field of a class ends in one; the formatter takes none away there', () => {
  const plain = 'class A {\n  a = 1\n}\n';
  assert.equal(changed(plain, strayEnds('a.ts', plain, 'with')), 'class A {\n  a = 1;\n}\n');
  assert.deepEqual(strayEnds('a.ts', 'class A {\n  a = 1;\n}\n', 'without'), []);
});

test('semicolons in texts, in types of one line and before a bracket are left alone', () => {
  const text = "const a = ';'\nlet b: { c: number; d: string } = `;`\n;[1, 2].map(String)\n";
  assert.deepEqual(strayEnds('a.ts', text, 'without'), []);
});
