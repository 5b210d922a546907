import { Sku } from '../api/catalogue'

/** The chosen values, by the name of the specification. */
export type Choice = Record<string, string>

/** `open` can be chosen, `sold_out` exists but has no stock, `absent` does not exist with the other chosen values. */
export interface Option {
  value: string
  chosen: boolean
  state: 'open' | 'sold_out' | 'absent'
}

export interface SpecRow {
  name: string
  options: Option[]
}

/** The values of specifications that have only one. */
export function given(skus: Sku[]): Choice {
  const choice: Choice = {}
  for (const name of namesOf(skus)) {
    const [only, ...others] = valuesOf(skus, name)
    if (only !== undefined && !others.length) choice[name] = only
  }
  return choice
}

/** One row of options per specification. A value that does not exist with the other rows' choice cannot be chosen. */
export function specRows(skus: Sku[], choice: Choice): SpecRow[] {
  return namesOf(skus).map((name) => ({
    name,
    options: valuesOf(skus, name).map((value) => {
      const made = skus.filter((sku) => fits(sku, { ...choice, [name]: value }))
      const state = made.some((sku) => sku.available > 0) ? 'open' : made.length ? 'sold_out' : 'absent'
      return { value, chosen: choice[name] === value, state }
    }),
  }))
}

/** The SKU, once every specification is chosen. */
export function chosenSku(skus: Sku[], choice: Choice): Sku | null {
  const names = namesOf(skus)
  if (!names.every((name) => choice[name])) return null
  return skus.find((sku) => fits(sku, choice)) ?? null
}

/** The specifications that are not chosen yet. */
export function missing(skus: Sku[], choice: Choice): string[] {
  return namesOf(skus).filter((name) => !choice[name])
}

/** `可可味 · 900g`, '' if there is only one variant. */
export function specText(spec: Record<string, string>): string {
  return Object.values(spec).join(' · ')
}

function namesOf(skus: Sku[]): string[] {
  return [...new Set(skus.flatMap((sku) => Object.keys(sku.spec)))]
}

function valuesOf(skus: Sku[], name: string): string[] {
  return [...new Set(skus.flatMap((sku) => sku.spec[name] ?? []))]
}

function fits(sku: Sku, choice: Choice): boolean {
  return Object.entries(choice).every(([name, value]) => sku.spec[name] === value)
}
