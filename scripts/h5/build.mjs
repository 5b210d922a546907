/**
 * `node build.mjs [--source DIR] [--out DIR] [--plain]` builds the H5 shop; `--plain` leaves the code readable. The
 * build fails where a page's style also changes a component, and where the home page loads too much script.
 */

import path from 'node:path';
import { parseArgs } from 'node:util';

import { BuildError } from './builder/files.mjs';
import { buildShop } from './builder/shop.mjs';

/** The most script that the home page may load, in kB after gzip. */
const HOME_KB = 150;

const root = path.resolve(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: { source: { type: 'string' }, out: { type: 'string' }, plain: { type: 'boolean' } },
});
const began = performance.now();

try {
  const { pages, units, firstViewBytes, clashes } = await buildShop({
    source: path.resolve(values.source ?? path.join(root, 'miniprogram')),
    out: path.resolve(values.out ?? path.join(root, 'build/h5')),
    minify: !values.plain,
  });
  const homeKb = Math.ceil(firstViewBytes / 1024);
  if (clashes.length) throw new BuildError(clashes.join('\nh5: '));
  if (homeKb > HOME_KB && !values.plain) throw new BuildError(`home loads ${homeKb} kB of script (gzip), ${HOME_KB} are the limit`);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`h5: ${pages} pages, ${units} components and pages in ${seconds} s; home loads ${homeKb} kB of script (gzip)`);
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`h5: ${error.message}`);
  process.exitCode = 1;
}
