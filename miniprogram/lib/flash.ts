import { taken } from '../api/flash'

/** What stands in place of 马上抢, by item, where the member has as many pieces as one may. */
export type Limits = Record<number, string>

/** They are not essential: for a guest, or without an answer, the server still refuses one piece too many. */
export async function flashLimits(): Promise<Limits> {
  try {
    const items = await taken()
    return Object.fromEntries(items.flatMap(({ id, label }) => (label ? [[id, label]] : [])))
  } catch (error) {
    console.info('flash limits:', error)
    return {}
  }
}
