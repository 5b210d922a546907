/** Which HTML tags and attributes rich text may have. Pure. */

export const TAGS = new Set(
  ('a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del div dl dt em fieldset ' +
    'font footer h1 h2 h3 h4 h5 h6 header hr i img ins label legend li mark nav ol p pre q rt ruby s section small span ' +
    'strong sub sup table tbody td tfoot th thead tr tt u ul').split(' '),
);

/** Tags whose text is not meant for readers; they are left out with it. */
export const SILENT = new Set(['script', 'style', 'template', 'noscript', 'iframe', 'object', 'title']);

const ATTRIBUTES = new Set(['class', 'alt', 'width', 'height', 'colspan', 'rowspan', 'span', 'start', 'type', 'dir', 'align', 'color', 'size']);

/** Whether rich text may have an attribute. Refused are addresses such as `javascript:`, and styles that load something. */
export function allowed(name: string, value: string): boolean {
  if (name === 'style') return !/expression|url\s*\(/i.test(value);
  if (name === 'src') return /^\s*(?:https?:|\/|blob:|data:image\/|[\w-]+\/)/i.test(value);
  return ATTRIBUTES.has(name);
}
