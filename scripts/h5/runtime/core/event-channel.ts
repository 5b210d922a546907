/** The channel between a page and the page that opened it. */

type Listener = (...args: unknown[]) => void;

export class EventChannel {
  #listeners: { name: string; listener: Listener; once: boolean }[] = [];
  #peer: EventChannel | null = null;

  /** The two ends of one channel. `events` are listeners at the first end. */
  static pair(events: Record<string, Listener> = {}): [EventChannel, EventChannel] {
    const [near, far] = [new EventChannel(), new EventChannel()];
    near.#peer = far;
    far.#peer = near;
    for (const [name, listener] of Object.entries(events)) near.on(name, listener);
    return [near, far];
  }

  /** Call the listeners for `name` at the other end. */
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
