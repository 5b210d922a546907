/** WXML and WXS as JavaScript modules. */

import compiler from 'glass-easel-template-compiler';

import { BuildError, readText } from './files.mjs';

const RUNTIME = `import{G,R,X,Y,Z,P,Q,D,getDate,getRegExp}from"h5:templates";`;

/**
 * The source of a module that defines the template `path`, after the templates and WXS modules that it needs.
 * @param {import('./files.mjs').Files} files @param {string} path a code path
 */
export function wxmlModule(files, path) {
  const group = new compiler.TmplGroup();
  try {
    const faults = group.addTmpl(path, readText(`${files.onDisk(path)}.wxml`));
    // Warnings stop the build only for the mini program's own templates: those of packages cannot be changed here.
    const own = !path.startsWith('miniprogram_npm/');
    for (const { message, isError, startLine, startColumn } of faults) {
      if (isError || own) throw new BuildError(`${path}.wxml:${startLine + 1}:${startColumn + 1}: ${message}`);
    }
    const required = new Set(group.getScriptDependencies(path));
    for (const name of group.getInlineScriptModuleNames(path)) {
      const { code, requires } = plainWxs(group.getInlineScript(path, name), path);
      group.setInlineScript(path, name, code);
      for (const one of requires) required.add(one);
    }
    const imports = [
      ...group.getDirectDependencies(path).map((one) => `import"wxml:${one}";`),
      ...[...required].map((one) => `import"wxs:${one}";`),
    ];
    return `${RUNTIME}${imports.join('')}export default G[${JSON.stringify(path)}]=${group.getTmplGenObject(path)};`;
  } finally {
    group.free();
  }
}

/** The source of a module that defines the WXS module `path`, after those that it requires. @param {import('./files.mjs').Files} files @param {string} path */
export function wxsModule(files, path) {
  const { code, requires } = plainWxs(readText(`${files.onDisk(path)}.wxs`), path);
  const imports = requires.map((one) => `import"wxs:${one}";`).join('');
  const name = JSON.stringify(path);
  return `${RUNTIME}${imports}R[${name}]=D(${name},(require,exports,module)=>{${code}\n});`;
}

/**
 * WXS code as JavaScript, and the WXS modules that it requires. In WXS a value's `constructor` is the name of its type.
 * @param {string} source @param {string} path
 */
function plainWxs(source, path) {
  const requires = [...source.matchAll(/\brequire\(\s*['"]([^'"]+)['"]\s*\)/g)].map(([, reference = '']) => {
    const parts = reference.startsWith('/') ? [] : path.split('/').slice(0, -1);
    for (const part of reference.replace(/\.wxs$/, '').split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    return parts.join('/');
  });
  return { code: source.replace(/\.constructor\b/g, '.constructor.name'), requires };
}
