/** Turns the options of `wx.request` into parts of an HTTP request. Pure. */

/** `url` with the entries of `data` added to its query: objects as JSON, undefined left out. */
export function withQuery(url: string, data: unknown): string {
  const query = typeof data === 'object' && data !== null ? formOf(data) : '';
  if (!query) return url;
  const [address = '', fragment] = url.split('#', 2);
  const joint = address.includes('?') ? '&' : '?';
  return `${address}${joint}${query}${fragment === undefined ? '' : `#${fragment}`}`;
}

/** `data` encoded like an HTML form: `a=1&b=2`. */
export function formOf(data: object): string {
  return Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
      return `${encodeURIComponent(name)}=${encodeURIComponent(text)}`;
    })
    .join('&');
}

/** The request body for `data`: strings and buffers as they are, objects as JSON or as a form, as `contentType` says. */
export function bodyOf(data: unknown, contentType: string): string | ArrayBuffer | undefined {
  if (data === undefined || data === null) return undefined;
  if (typeof data === 'string' || data instanceof ArrayBuffer) return data;
  if (typeof data === 'object' && contentType.includes('x-www-form-urlencoded')) return formOf(data);
  return JSON.stringify(data);
}

/** The order that a request asks to pay: the `no` of `POST /api/orders/{no}/pay`. */
export function orderToPay(method: string, url: string): string | undefined {
  if (method !== 'POST') return undefined;
  return /\/api\/orders\/([0-9A-Za-z_-]+)\/pay(?:[?#]|$)/.exec(url)?.[1];
}
