/** Pictures of the mini program's own folder, which have other names once built. */

let built: Record<string, string> = {};

/** Tell which path of the mini program (`/assets/tabs/home.png`) became which file. */
export function knowAssets(files: Record<string, string>): void {
  built = files;
}

/** The address to load `path` from; what is not of the mini program's folder stays as it is. */
export function assetUrl(path: string): string {
  return built[path.startsWith('/') ? path : `/${path}`] ?? path;
}
