/** Temporary files: blobs in memory with `blob:` paths. */

import { Refused } from './call';

const kept = new Map<string, Blob>();
const KEPT_AT_MOST = 32;

/** Keep `blob` as a temporary file and return its path. The oldest file is dropped when there are too many. */
export function keep(blob: Blob): string {
  const path = URL.createObjectURL(blob);
  kept.set(path, blob);
  const [oldest] = kept.keys();
  if (kept.size > KEPT_AT_MOST && oldest !== undefined) {
    URL.revokeObjectURL(oldest);
    kept.delete(oldest);
  }
  return path;
}

/** The bytes at a temporary path or at any address that can be fetched. */
export async function bytesOf(path: string): Promise<Blob> {
  const known = kept.get(path);
  if (known) return known;
  const response = await fetch(path);
  if (!response.ok) throw new Refused(`file not found: ${path}`);
  return response.blob();
}

/** Save `blob` as a browser download whose file name ends in `extension`. */
export function saveAs(blob: Blob, extension: string): void {
  const link = document.createElement('a');
  link.href = keep(blob);
  link.download = `推三返一-${Date.now()}.${extension}`;
  link.click();
}
