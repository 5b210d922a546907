/** What `wx` needs of the runtime around it: pages, bars and the place they are shown in. */

export interface EnterOptions {
  path: string;
  query: Record<string, string>;
  scene: number;
  referrerInfo: Record<string, unknown>;
}
