import { Failure, asFailure } from './failure'

/** What a page shows while its data are on their way or did not come; `<screen>` draws it. */
export type Phase = 'loading' | 'ready' | 'empty' | 'error'

export interface Screen {
  phase: Phase
  /** The failure's kind and sentence in phase `error`. */
  problem: { kind: string; message: string } | null
}

export const LOADING: Screen = { phase: 'loading', problem: null }

interface Shown {
  data: { screen: Screen }
  setData(data: Record<string, unknown>): void
}

/** The newest loading of each page, by its number. */
const newest = new WeakMap<Shown, number>()

/**
 * Load a page's data and show them: `load` gives the page's new data, and `empty` says whether there is nothing to
 * see. What is on the screen stays there while it is loaded anew, and stays when that fails. Of several loadings at
 * once the one that began last is shown.
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
