import { Failure, asFailure } from './failure'

/** What a page shows while it loads its data or cannot load them, for `<screen>`. */
export type Phase = 'loading' | 'ready' | 'empty' | 'error'

export interface Screen {
  phase: Phase
  /** Kind and sentence of the failure in phase `error`. */
  problem: { kind: string; message: string } | null
}

export const LOADING: Screen = { phase: 'loading', problem: null }

interface Shown {
  data: { screen: Screen }
  setData(data: Record<string, unknown>): void
}

/** The number of the newest load of each page. */
const newest = new WeakMap<Shown, number>()

/**
 * Load a page's data and show them: `load` returns the new data, and `empty` says whether there is nothing to show.
 * During a reload the old content stays on the screen, also if the reload fails. If several loads run at the same time,
 * the one that started last is shown.
 */
export async function show<T extends object>(page: Shown, load: () => Promise<T>, empty?: (loaded: T) => boolean): Promise<void> {
  const number = (newest.get(page) ?? 0) + 1
  newest.set(page, number)
  try {
    const loaded = await load()
    if (newest.get(page) !== number) return
    const phase: Phase = empty?.(loaded) ? 'empty' : 'ready'
    page.setData({ ...loaded, screen: { phase, problem: null } })
  } catch (error) {
    if (newest.get(page) === number) failed(page, asFailure(error))
  }
}

function failed(page: Shown, failure: Failure): void {
  if (page.data.screen.phase === 'ready') {
    void wx.showToast({ title: failure.message, icon: 'none', duration: 3000 })
    return
  }
  const problem = { kind: failure.kind, message: failure.message }
  page.setData({ screen: { phase: 'error', problem } })
}
