import { ShownLine } from '../../lines'

/** One line of an order: picture, name, spec, price and pieces. The slot is below. */
Component({
  properties: { line: { type: Object, value: {} as ShownLine } },
})
