import type { Host } from '../core/builtin';

/** Run `act` after the present update, if `host` is still on a page then. */
export function soon(host: { $$: unknown }, act: (host: Host) => void): void {
  queueMicrotask(() => {
    if (host.$$) act(host as Host);
  });
}
