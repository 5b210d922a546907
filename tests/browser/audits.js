/**
 * Finds what cannot be read, tapped or heard on the screen: on the page on top and the sheets over it. One sentence per
  * finding. `Visitor.audit` runs it in the page.
 */
() => {
  const TARGET_PX = 44
  const NARROW_PX = 37.5 // 88rpx on a phone of 320 px, where WeChat itself scales everything
  const POINTER_PX = 24
  const CONTROLS =
    'button, a[href], input, textarea, select, [role=button], [role=link], [role=checkbox], [role=radio], [role=switch], [role=tab], [role=search]'
  const column = document.querySelector('.h5-shop')?.getBoundingClientRect() ?? document.body.getBoundingClientRect()
  const dialogs = [...document.querySelectorAll('dialog[open]')]
  const panel = document.querySelector('body > .desk, body > .door-step') !== null
  const scope = dialogs.length ? [dialogs.at(-1)] : panel ? [document.body] : [...document.querySelectorAll('.h5-page:not([hidden]), .h5-tabs, .h5-layers, body > .sample')]
  const all = scope.flatMap((root) => [root, ...root.querySelectorAll('*')])
  const style = new Map()
  const styleOf = (element) => style.get(element) ?? style.set(element, getComputedStyle(element)).get(element)
  const parentsOf = (element) => {
    const parents = []
    for (let at = element.parentElement; at; at = at.parentElement) parents.push(at)
    return parents
  }
  const shown = (element) => {
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return false
    const { width, height } = element.getBoundingClientRect()
    return width > 0 && height > 0
  }
  const named = (element) => {
    const text = (element.getAttribute('aria-label') || element.innerText || element.className || '').toString().trim()
    return `<${element.localName}> "${text.replace(/\s+/g, ' ').slice(0, 30)}"`
  }
  const found = new Set()

  // --- Text -------------------------------------------------------------------------------------------------------
  const lines = []
  for (const element of all) {
    if (!shown(element) || (panel && element.getBoundingClientRect().right < 0)) continue // text for screen readers only
    for (const node of element.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE || !node.data.trim()) continue
      const range = document.createRange()
      range.selectNodeContents(node)
      const rects = [...range.getClientRects()].filter(({ width, height }) => width > 1 && height > 1)
      if (rects.length) lines.push({ element, text: node.data.trim().slice(0, 24), rects })
    }
  }

  const clips = (value) => value === 'hidden' || value === 'clip'
  const scrolls = (value) => value === 'auto' || value === 'scroll'
  const ellipsis = (element) => {
    const { textOverflow, webkitLineClamp } = styleOf(element)
    return textOverflow === 'ellipsis' || (webkitLineClamp !== 'none' && webkitLineClamp !== '')
  }
  /** Whether a box cuts off the line of text. Text that can be scrolled to, or ends in an intended ellipsis, is not cut. */
  const cut = (element, rect) => {
    for (const box of [element, ...parentsOf(element)]) {
      const { overflowX, overflowY, position } = styleOf(box)
      if (ellipsis(box)) return ''
      if (box.matches('.h5-shop')) break
      const frame = box.getBoundingClientRect()
      if (scrolls(overflowX) || box.localName === 'wx-swiper' || box.matches('[class*=t-swipe-cell]')) return ''
      if (clips(overflowX) && (rect.right > frame.right + 1.5 || rect.left < frame.left - 1.5)) return 'sideways'
      if (clips(overflowY) && (rect.bottom > frame.bottom + 3 || rect.top < frame.top - 3)) return 'below'
      if (scrolls(overflowY) && position !== 'fixed') rect = { left: rect.left, right: rect.right, top: frame.top, bottom: frame.bottom }
      if (position === 'fixed') break
    }
    return rect.right > column.right + 1.5 || rect.left < column.left - 1.5 ? 'at the edge of the screen' : ''
  }
  for (const { element, text, rects } of lines) {
    for (const rect of rects) {
      const where = cut(element, rect)
      if (where) found.add(`text is cut ${where}: "${text}" in ${named(element)}`)
    }
  }

  // --- Colours ----------------------------------------------------------------------------------------------------
  const numbers = (colour) => {
    const match = /rgba?\(([^)]+)\)/.exec(colour)
    if (!match) return null
    const [r, g, b, a = 1] = match[1].split(/[\s,/]+/).map(Number)
    return [r, g, b, a]
  }
  const over = (front, back) => front.slice(0, 3).map((part, at) => part * front[3] + back[at] * (1 - front[3])).concat(1)
  const light = ([r, g, b]) => {
    const [red, green, blue] = [r, g, b].map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b)
    return (high + 0.05) / (low + 0.05)
  }
  /** The colours that may be behind an element: one, or those of a gradient; null on a picture. */
  const behind = (element) => {
    const layers = []
    for (const box of [element, ...parentsOf(element)]) {
      const { backgroundColor, backgroundImage } = styleOf(box)
      const stops = [...backgroundImage.matchAll(/rgba?\([^)]+\)/g)].map(([colour]) => numbers(colour))
      if (backgroundImage.includes('url(')) return null
      if (stops.length) layers.push(stops)
      const colour = numbers(backgroundColor)
      if (colour && colour[3] > 0) layers.push([colour])
      if (layers.at(-1)?.every((one) => one[3] === 1)) break
      if (styleOf(box).position === 'absolute' && box.parentElement?.querySelector('img, wx-image')) return null
    }
    let colours = [[255, 255, 255, 1]]
    for (const layer of layers.reverse()) colours = layer.flatMap((front) => colours.map((back) => over(front, back)))
    return colours
  }
  for (const { element, text } of lines) {
    if (element.closest('[disabled], [aria-disabled=true], .h5-nav-custom')) continue
    const { color, fontSize, fontWeight } = styleOf(element)
    const front = numbers(color)
    const backs = behind(element)
    if (!front || !backs) continue
    const opacity = [element, ...parentsOf(element)].reduce((whole, box) => whole * Number(styleOf(box).opacity), 1)
    const size = parseFloat(fontSize)
    const needed = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700) ? 3 : 4.5
    const worst = Math.min(...backs.map((back) => contrast(over([...front.slice(0, 3), front[3] * opacity], back), back)))
    if (worst < needed - 0.05) found.add(`contrast ${worst.toFixed(2)}, ${needed} is needed: "${text}" in ${named(element)}`)
  }

  // --- Controls ---------------------------------------------------------------------------------------------------
  const usual = column.width < 375 ? NARROW_PX : TARGET_PX
  /** In the panel a link in a text is only as large as its words, and a checkbox in a table row may be small. */
  const leastOf = (element) => (panel && element.matches('a:not(.button), td > input[type=checkbox]') ? POINTER_PX : usual)
  const inText = (element) => panel && element.matches('a:not(.button)')
  for (const element of all) {
    if (!element.matches(CONTROLS) || !shown(element) || element.disabled) continue
    if (element.type === 'hidden' || element.closest('[aria-hidden=true], [inert]')) continue
    const box = element.getBoundingClientRect()
    // A control inside another control, or inside the element that stands for it, is tapped together with it.
    const outer = element.parentElement?.closest(`label, wx-label, wx-input, wx-textarea, wx-picker, wx-switch, [data-control]`) ?? element
    const { width, height } = outer.getBoundingClientRect()
    const size = [Math.max(width, box.width), Math.max(height, box.height)]
    const smallest = inText(element) ? size[1] : Math.min(...size)
    if (smallest < leastOf(element) - 0.5) found.add(`too small to tap, ${size.map(Math.round).join(' × ')} px: ${named(element)}`)
    const field = element.matches('input, textarea, select')
    const words = [
      element.getAttribute('aria-label'), element.getAttribute('title'), element.getAttribute('placeholder'),
      element.labels?.[0]?.innerText, field ? element.parentElement?.getAttribute('aria-label') : element.innerText,
      [...element.querySelectorAll('[aria-label], img[alt]')].map((one) => one.getAttribute('aria-label') || one.alt).join(''),
    ]
    if (!words.some((one) => one?.trim())) found.add(`says nothing to who cannot see it: ${named(element)}`)
  }

  // --- Fields in line ---------------------------------------------------------------------------------------------
  const boxes = '.fields, .form, .filter, .decide'
  const fieldsIn = (box) => {
    const labels = [...box.querySelectorAll('label')].filter((label) => label.closest(boxes) === box && shown(label))
    const first = (label) => label.closest('form')?.querySelector('label') === label // below it each form goes its way
    return labels
      .filter((label) => !box.matches('.decide') || first(label))
      .map((label) => [label, label.querySelector('input:not([type=checkbox], [type=radio], [type=file]), select')])
      .filter(([, field]) => field !== null)
  }
  for (const box of panel ? all.filter((element) => element.matches(boxes)) : []) {
    const fields = fieldsIn(box).map(([label, field]) => [label.getBoundingClientRect(), field.getBoundingClientRect(), field])
    for (const [n, [label, at, field]] of fields.entries()) {
      for (const [other, beside, neighbour] of fields.slice(n + 1)) {
        const together = label.top < other.bottom - 1 && other.top < label.bottom - 1
        if (together && Math.abs(at.top - beside.top) > 1) found.add(`out of line: ${field.name} at ${Math.round(at.top)}, ${neighbour.name} at ${Math.round(beside.top)}`)
      }
    }
  }
  return [...found].sort()
}
