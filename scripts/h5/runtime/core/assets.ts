/** Pictures of the mini program's own folder. The build gives them names with a hash. */

let built: Record<string, string> = {};

/** Remember the built file of each path in the mini program (`/assets/tabs/home.png`). */
export function knowAssets(files: Record<string, string>): void {
  built = files;
}

/** The address from which `path` is loaded. A path outside of the mini program's folder stays as it is. */
export function assetUrl(path: string): string {
  return built[path.startsWith('/') ? path : `/${path}`] ?? path;
}
