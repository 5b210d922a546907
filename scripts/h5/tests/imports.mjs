/** Which module imports which, as TypeScript's parser reads the sources. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import ts from 'typescript';

const SOURCE = /(?<!\.d)\.(ts|mjs)$/;
const APART = new Set(['node_modules', 'tests']);

/**
 * The imports of every module in `folder`, tests and installed packages left out. A module is named by its path from
 * `folder`, a package by its own name. Imports of types count, and so do those that run later (`import()`).
 * @param {string} folder
 * @returns {Map<string, Set<string>>} module → what it imports
 * @throws {Error} where an import leads to no file, or is made up while running
 */
export function importsIn(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => SOURCE.test(name) && !name.split(path.sep).some((part) => APART.has(part)))
    .sort();
  return new Map(names.map((name) => [name, new Set(importsOf(folder, name))]));
}

/** @param {string} folder @param {string} name */
function importsOf(folder, name) {
  const file = path.join(folder, name);
  return specifiersIn(name, readFileSync(file, 'utf8')).map((specifier) => {
    if (!specifier.startsWith('.')) return specifier;
    const base = path.resolve(path.dirname(file), specifier);
    const found = [base, `${base}.ts`, path.join(base, 'index.ts')].find((one) => SOURCE.test(one) && existsSync(one));
    if (!found) throw new Error(`${name} imports ${specifier}, which is not there`);
    return path.relative(folder, found);
  });
}

/** What was found in a text already: most files are the same from one reading to the next. @type {Map<string, string[]>} */
const known = new Map();

/** @param {string} name @param {string} text */
function specifiersIn(name, text) {
  const before = known.get(text);
  if (before) return before;
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  /** @type {string[]} */
  const found = [];
  /** @param {ts.Node | undefined} node */
  const keep = (node) => {
    if (!node || !ts.isStringLiteralLike(node)) throw new Error(`${name} imports what only shows while it runs`);
    found.push(node.text);
  };
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) keep(node.moduleSpecifier);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) keep(node.moduleSpecifier);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) keep(node.arguments[0]);
    else if (ts.isImportTypeNode(node)) keep(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined);
    node.getChildren(source).forEach(visit); // unlike forEachChild, this reaches the types in JSDoc comments
  };
  visit(source);
  known.set(text, found);
  return found;
}

/**
 * Circles of modules that import each other, the first module of each repeated at its end. Where there is any circle,
 * at least one is found.
 * @param {Map<string, Set<string>>} imports
 * @returns {string[][]}
 */
export function circlesIn(imports) {
  /** @type {string[][]} */
  const circles = [];
  const done = new Set();
  /** @type {string[]} */
  const way = [];
  /** @param {string} module */
  const walk = (module) => {
    if (way.includes(module)) circles.push([...way.slice(way.indexOf(module)), module]);
    else if (!done.has(module)) {
      way.push(module);
      for (const next of imports.get(module) ?? []) walk(next);
      way.pop();
      done.add(module);
    }
  };
  for (const module of imports.keys()) walk(module);
  return circles;
}
