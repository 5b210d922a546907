/** wx.request, wx.downloadFile and wx.uploadFile over fetch. */

import { type Callbacks, Refused, settle, type Taking } from './call';
import { bytesOf, keep } from './files';
import { notePayment, noteTransfer } from './payments';
import { bodyOf, withQuery } from './query';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'HEAD' | 'OPTIONS';

interface RequestOptions {
  url: string;
  data?: unknown;
  header?: Record<string, string>;
  method?: Method;
  timeout?: number;
  dataType?: string;
  responseType?: 'text' | 'arraybuffer';
}

interface RequestResult {
  data: unknown;
  statusCode: number;
  header: Record<string, string>;
  cookies: string[];
}

interface DownloadOptions {
  url: string;
  header?: Record<string, string>;
  timeout?: number;
}

interface DownloadResult {
  tempFilePath: string;
  statusCode: number;
  header: Record<string, string>;
}

interface UploadOptions {
  url: string;
  filePath: string;
  name: string;
  header?: Record<string, string>;
  formData?: Record<string, string>;
  timeout?: number;
}

interface UploadResult {
  data: string;
  statusCode: number;
}

type HeadersListener = (result: { header: Record<string, string>; statusCode: number }) => void;
type ProgressListener = (result: {
  progress: number;
  totalBytesWritten: number;
  totalBytesExpectedToWrite: number;
}) => void;

/** A running request, which can be aborted. */
class Task<L> {
  readonly listeners = new Set<L>();
  readonly #controller = new AbortController();

  abort(): void {
    this.#controller.abort(new Refused('abort'));
  }

  /** Run `work` until it ends, is aborted, or takes longer than `limit_ms`. Throws Refused; a lost connection has no reason. */
  async within<R>(limit_ms: number, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const { signal } = this.#controller;
    const timer = setTimeout(() => this.#controller.abort(new Refused('timeout')), limit_ms);
    try {
      return await work(signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof TypeError) throw new Refused('');
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

class RequestTask extends Task<HeadersListener> {
  onHeadersReceived(listener: HeadersListener): void {
    this.listeners.add(listener);
  }

  offHeadersReceived(listener?: HeadersListener): void {
    if (listener) this.listeners.delete(listener);
    else this.listeners.clear();
  }
}

class DownloadTask extends Task<ProgressListener> {
  onProgressUpdate(listener: ProgressListener): void {
    this.listeners.add(listener);
  }

  offProgressUpdate(listener?: ProgressListener): void {
    if (listener) this.listeners.delete(listener);
    else this.listeners.clear();
  }
}

const TIMEOUT_MS = 60_000;
const WITHOUT_BODY = new Set<string>(['GET', 'HEAD']);

function prepare(options: RequestOptions, method: string): [string, RequestInit] {
  const headers = new Headers(options.header);
  if (WITHOUT_BODY.has(method)) return [withQuery(options.url, options.data), { method, headers }];
  if (!headers.has('content-type')) headers.set('content-type', 'application/json');
  const body = bodyOf(options.data, headers.get('content-type') ?? '');
  return [options.url, body === undefined ? { method, headers } : { method, headers, body }];
}

async function read(response: Response, options: RequestOptions): Promise<unknown> {
  if (options.responseType === 'arraybuffer') return response.arrayBuffer();
  const text = await response.text();
  if ((options.dataType ?? 'json') !== 'json') return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // WeChat, too, passes on an answer that is not JSON as text
  }
}

/** Fetch without cookies, as WeChat does: only the token says who is asking. */
async function ask(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  return fetch(url, { ...init, signal, credentials: 'omit' });
}

/** `wx.request`. It answers by callbacks and returns the task, not a promise. */
export function request(options: Taking<RequestOptions, RequestResult>): RequestTask {
  const task = new RequestTask();
  const method = (options.method ?? 'GET').toUpperCase();
  const work = task.within(options.timeout ?? TIMEOUT_MS, async (signal): Promise<RequestResult> => {
    const [url, init] = prepare(options, method);
    const response = await ask(url, init, signal);
    const header = Object.fromEntries(response.headers);
    for (const listener of task.listeners) listener({ header, statusCode: response.status });
    const data = await read(response, options);
    notePayment(method, url, init.headers as Headers, data);
    noteTransfer(data);
    return { data, statusCode: response.status, header, cookies: [] };
  });
  settle('request', work, heard(options));
  return task;
}

/** The callbacks in `options`, at least one: so a call without callbacks that fails leaves no unhandled rejection. */
function heard<R>(options: Callbacks<R>): Callbacks<R> {
  const { success, fail, complete } = options;
  return { success, fail, complete: complete ?? (() => undefined) };
}

async function readBytes(response: Response, listeners: Set<ProgressListener>): Promise<Blob> {
  const type = response.headers.get('content-type') ?? '';
  const total = Number(response.headers.get('content-length') ?? 0);
  if (listeners.size === 0 || !response.body) return response.blob();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const reader = response.body.getReader();
  let written = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    written += part.value.length;
    const progress = total ? Math.round((written / total) * 100) : 0;
    const news = { progress, totalBytesWritten: written, totalBytesExpectedToWrite: total };
    for (const listener of listeners) listener(news);
  }
  return new Blob(parts, { type });
}

/** `wx.downloadFile`. The file stays in memory and has a `blob:` path. */
export function downloadFile(options: Taking<DownloadOptions, DownloadResult>): DownloadTask {
  const task = new DownloadTask();
  const work = task.within(options.timeout ?? TIMEOUT_MS, async (signal): Promise<DownloadResult> => {
    const response = await ask(options.url, { headers: new Headers(options.header) }, signal);
    const blob = await readBytes(response, task.listeners);
    return { tempFilePath: keep(blob), statusCode: response.status, header: Object.fromEntries(response.headers) };
  });
  settle('downloadFile', work, heard(options));
  return task;
}

/** `wx.uploadFile`. It sends a multipart form with the file in the field `name`; the answer is passed on as text. */
export function uploadFile(options: Taking<UploadOptions, UploadResult>): Task<never> {
  const task = new Task<never>();
  const work = task.within(options.timeout ?? TIMEOUT_MS, async (signal): Promise<UploadResult> => {
    const form = new FormData();
    for (const [name, value] of Object.entries(options.formData ?? {})) form.append(name, value);
    form.append(options.name, await bytesOf(options.filePath), 'file');
    const response = await ask(options.url, { method: 'POST', headers: new Headers(options.header), body: form }, signal);
    return { data: await response.text(), statusCode: response.status };
  });
  settle('uploadFile', work, heard(options));
  return task;
}
