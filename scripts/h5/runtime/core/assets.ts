/** Pictures of the mini program's own folder, which have other names once built. */

const built = new Map<string, string>();

/** Tell which path of the mini program (`/assets/tabs/home.png`) became which file. */
export function addAssets(files: Record<string, string>): void {
  for (const [path, file] of Object.entries(files)) built.set(path, file);
}

/** The address to load `path` from; what is not of the mini program's folder stays as it is. */
export function assetUrl(path: string): string {
  return built.get(path.startsWith('/') ? path : `/${path}`) ?? path;
}
