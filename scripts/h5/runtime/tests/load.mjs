/** Loads modules of the runtime, for tests that need no browser. */

import path from 'node:path';
import { build } from 'esbuild';

const runtime = path.resolve(import.meta.dirname, '..');

/** The exports of a module, bundled as for the browser. @param {string} name its path from the runtime's folder */
export async function load(name) {
  const { outputFiles } = await build({
    entryPoints: [path.join(runtime, name)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}
