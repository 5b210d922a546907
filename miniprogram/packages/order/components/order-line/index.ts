import { ShownLine } from '../../lines'

/** One line of an order: picture, name, spec, price and pieces; what stands in its slot goes below. */
Component({
  properties: { line: { type: Object, value: {} as ShownLine } },
})
