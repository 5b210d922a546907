/** Finds classes that both a page and a component in it style, where the page's style also applies inside the component. */

import { isolationOf } from './project.mjs';
import { wxssText } from './wxss.mjs';

/**
 * One line for each page and component that clash: their paths and the classes.
 * @param {import('./files.mjs').Files} files @param {Map<string, import('./project.mjs').Unit>} units
 */
export function clashes(files, units) {
  return [...units.values()]
    .filter((unit) => unit.page)
    .flatMap((page) => {
      const styled = classesOf(files, page.path);
      return within(page, units)
        .filter((unit) => unit.own && isolationOf(unit) === 'open')
        .map((unit) => ({ unit, both: classesOf(files, unit.path).filter((name) => styled.includes(name)) }))
        .filter(({ both }) => both.length > 0)
        .map(({ unit, both }) => `${page.path} and ${unit.path} both style .${both.join(' .')}`);
    });
}

/** @param {import('./files.mjs').Files} files @param {string} path */
function classesOf(files, path) {
  const selectors = wxssText(files, path).replace(/\{[^}]*\}/g, '{}');
  return [...new Set([...selectors.matchAll(/\.([a-z_][\w-]*)/gi)].map(([, name = '']) => name))];
}

/** All components that `unit` uses, directly or through others. @param {import('./project.mjs').Unit} unit @param {Map<string, import('./project.mjs').Unit>} units */
function within(unit, units, seen = new Set()) {
  for (const path of unit.using) {
    const used = /** @type {import('./project.mjs').Unit} */ (units.get(path));
    if (!seen.has(used)) within(used, units, seen.add(used));
  }
  return /** @type {import('./project.mjs').Unit[]} */ ([...seen]);
}
