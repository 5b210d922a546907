/** The line between a page and the one that opened it. */

type Listener = (...args: unknown[]) => void;

export class EventChannel {
  #listeners: { name: string; listener: Listener; once: boolean }[] = [];
  #peer: EventChannel | null = null;

  /** Two ends of one line; `events` listen at the first end. */
  static pair(events: Record<string, Listener> = {}): [EventChannel, EventChannel] {
    const [near, far] = [new EventChannel(), new EventChannel()];
    near.#peer = far;
    far.#peer = near;
    for (const [name, listener] of Object.entries(events)) near.on(name, listener);
    return [near, far];
  }

  /** Tell the other end's listeners. */
  emit(name: string, ...args: unknown[]): void {
    const peer = this.#peer;
    if (!peer) return;
    const heard = peer.#listeners.filter((one) => one.name === name);
    peer.#listeners = peer.#listeners.filter((one) => !(one.name === name && one.once));
    for (const { listener } of heard) listener(...args);
  }

  on(name: string, listener: Listener): void {
    this.#listeners.push({ name, listener, once: false });
  }

  once(name: string, listener: Listener): void {
    this.#listeners.push({ name, listener, once: true });
  }

  off(name: string, listener?: Listener): void {
    this.#listeners = this.#listeners.filter((one) => one.name !== name || (listener && one.listener !== listener));
  }
}
