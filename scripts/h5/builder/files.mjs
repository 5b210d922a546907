/** Where the files of a mini program are: on disk, and under the paths that WeChat uses. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const NPM = 'miniprogram_npm/';

/** A mistake in the sources that stops the build. Its message says where it is. */
export class BuildError extends Error {}

/**
 * The files of one mini program. A *code path* is a path as WeChat sees it: from the mini program's folder, without
 * suffix, npm packages under miniprogram_npm.
 */
export class Files {
  /** @type {Map<string, string>} */
  #packages = new Map();

  /**
   * @param {string} root the mini program's folder
   * @param {string} packages the folder whose `node_modules` has its npm packages, or a folder inside that one
   */
  constructor(root, packages = root) {
    this.root = path.resolve(root);
    this.packages = path.resolve(packages);
  }

  /** The folder of the npm package `name`: the one that WeChat's tool has built, else the installed one. @param {string} name */
  packageFolder(name) {
    let folder = this.#packages.get(name);
    if (!folder) {
      folder = this.#findPackage(name);
      this.#packages.set(name, folder);
    }
    return folder;
  }

  /** @param {string} name */
  #findPackage(name) {
    const built = path.join(this.root, NPM, name);
    if (existsSync(built)) return built;
    for (let at = this.packages; ; at = path.dirname(at)) {
      const installed = path.join(at, 'node_modules', name);
      if (existsSync(path.join(installed, 'package.json'))) {
        return path.join(installed, readJson(path.join(installed, 'package.json')).miniprogram ?? '');
      }
      if (path.dirname(at) === at) throw new BuildError(`npm package ${name} is not installed in ${this.root}`);
    }
  }

  /** The file on disk of `codePath`, without its suffix. @param {string} codePath */
  onDisk(codePath) {
    if (!codePath.startsWith(NPM)) return path.join(this.root, codePath);
    const { name, rest } = splitPackage(codePath.slice(NPM.length));
    return path.join(this.packageFolder(name), rest);
  }

  /** Whether `file` belongs to the mini program or to a package that it uses. @param {string} file */
  has(file) {
    return [this.root, ...this.#packages.values()].some((folder) => file.startsWith(folder + path.sep));
  }

  /** The code path of `file`, with the suffix of `file`. @param {string} file */
  codePath(file) {
    for (const [name, folder] of this.#packages) {
      if (file.startsWith(folder + path.sep)) return NPM + name + '/' + path.relative(folder, file);
    }
    return path.relative(this.root, file);
  }

  /**
   * The code path that `reference` names in the file at `from`. It may be absolute, relative, or in an npm package.
   * @param {string} reference @param {string} from
   */
  resolve(reference, from) {
    if (reference.startsWith('/')) return reference.slice(1);
    const beside = path.posix.join(path.posix.dirname(from), reference);
    if (reference.startsWith('.')) return beside;
    const { name, rest } = splitPackage(reference);
    const nested = /^miniprogram_npm\/[^/]+\//.exec(from)?.[0];
    for (const npm of nested ? [nested + NPM, NPM] : [NPM]) {
      if (npm !== NPM && existsSync(this.onDisk(npm + name))) return npm + reference;
    }
    return existsSync(this.onDisk(beside) + '.js') || existsSync(this.onDisk(beside) + '.ts')
      ? beside
      : `${NPM}${name}/${rest}`.replace(/\/$/, '');
  }
}

/** @param {string} reference */
function splitPackage(reference) {
  const [, name = reference, rest = ''] = /^(@[^/]+\/[^/]+|[^/]+)(?:\/(.*))?$/.exec(reference) ?? [];
  return { name, rest };
}

/** @param {string} file */
export function readText(file) {
  return readFileSync(file, 'utf8');
}

/** The value in a JSON file. Throws BuildError where it cannot be read. @param {string} file */
export function readJson(file) {
  try {
    return JSON.parse(readText(file));
  } catch (error) {
    throw new BuildError(`${file}: ${error instanceof Error ? error.message : error}`);
  }
}
