import { taken } from '../api/flash'
import { currentToken } from './session'

/** What stands in place of 马上抢, by item, where the member has as many pieces as one may. */
export type Limits = Record<number, string>

/** A guest has none. They are not essential: without an answer the server still refuses one piece too many. */
export async function flashLimits(): Promise<Limits> {
  if (!currentToken()) return {}
  try {
    const items = await taken()
    return Object.fromEntries(items.flatMap(({ id, label }) => (label ? [[id, label]] : [])))
  } catch (error) {
    console.info('flash limits:', error)
    return {}
  }
}
