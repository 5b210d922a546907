/** Pictures of the mini program's own folder, which have other names once built. */

import manifest from 'h5:manifest';

/** The address to load `path` (`/assets/tabs/home.png`) from; what is not of the mini program's folder stays as it is. */
export function assetUrl(path: string): string {
  return manifest.assets[path.startsWith('/') ? path : `/${path}`] ?? path;
}
