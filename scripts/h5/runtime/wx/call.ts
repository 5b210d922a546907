/** How every asynchronous `wx` call answers: by a promise, or by the callbacks that were given to it. */

/** The callbacks that callers may pass besides a call's own options. */
export interface Callbacks<R> {
  success?: (result: R & Answer) => void;
  fail?: (failure: WxFailure) => void;
  complete?: (outcome: (R & Answer) | WxFailure) => void;
}

export interface Answer {
  errMsg: string;
}

/** A failed call. `errMsg` is `name:fail reason`, as in WeChat. */
export class WxFailure extends Error {
  readonly errMsg: string;

  constructor(name: string, reason: string) {
    const errMsg = `${name}:fail${reason ? ` ${reason}` : ''}`;
    super(errMsg);
    this.name = 'WxFailure';
    this.errMsg = errMsg;
  }
}

/** Thrown inside a call to make it fail for `reason`; the call adds its name. */
export class Refused extends Error {
  override name = 'Refused';
}

/** The reason of a failure, in words for an `errMsg`. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `error` as a failure of the call `name`. Its message may already have WeChat's form `name:fail reason`. */
function failureOf(name: string, error: unknown): WxFailure {
  const reason = reasonOf(error);
  const whole = `${name}:fail`;
  return new WxFailure(name, reason.startsWith(whole) ? reason.slice(whole.length).trim() : reason);
}

/** What a call takes: its own options and the callbacks. */
export type Taking<O, R> = O & Callbacks<R>;

/** A `wx` function. With any callback it returns undefined and never rejects; without one it returns a promise. */
export type AsyncCall<O, R> = (options?: Taking<O, R>) => Promise<R & Answer> | undefined;

type Result = object | void;

/** Make `run` a `wx` function called `name`. */
export function asyncCall<O extends object, R extends Result>(
  name: string,
  run: (options: O) => R | Promise<R>,
): AsyncCall<O, R> {
  return (options) => {
    const given = options ?? ({} as Taking<O, R>);
    return settle(name, Promise.resolve().then(() => run(given)), given);
  };
}

/** Pass the outcome of `work` to the callbacks in `given`; without callbacks, return it as a promise. */
export function settle<R extends Result>(
  name: string,
  work: Promise<R>,
  given: Callbacks<R>,
): Promise<R & Answer> | undefined {
  const outcome = work.then(
    (result) => ({ errMsg: `${name}:ok`, ...result }) as R & Answer,
    (error: unknown) => {
      throw failureOf(name, error);
    },
  );
  if (!given.success && !given.fail && !given.complete) return outcome;
  void outcome.then(
    (answer) => {
      given.success?.(answer);
      given.complete?.(answer);
    },
    (failure: WxFailure) => {
      given.fail?.(failure);
      given.complete?.(failure);
    },
  );
  return undefined;
}
