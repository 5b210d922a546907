/** Pull-down refresh, started and ended by code. */

import { topFrame } from './pages';

/** Refresh the page on top as if it had been pulled down. */
export function startPullDownRefresh(): void {
  topFrame()?.pullDown.start();
}

/** Close the pull-down of the page on top. */
export function stopPullDownRefresh(): void {
  topFrame()?.pullDown.stop();
}
