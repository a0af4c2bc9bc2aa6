/** What arrives from Python in its own time, and is waited for. */

/**
 * The newest few of what has arrived, by their keys.
 * @template T
 */
export class Shelf {
  /** @param {number} most that it keeps */
  constructor(most) {
    this.most = most;
    /** @type {Map<string, T>} the last is the newest */
    this.items = new Map();
    /** @type {Set<() => void>} told whenever something has arrived, or more of it */
    this.listeners = new Set();
  }

  get size() {
    return this.items.size;
  }

  /** @returns {T[]} all that are here, the newest last */
  values() {
    return [...this.items.values()];
  }

  /** @returns {T|null} the newest, null while there is none */
  get current() {
    return this.values().at(-1) ?? null;
  }

  /** @param {string} key @returns {T|undefined} */
  find(key) {
    return this.items.get(key);
  }

  /**
   * @param {string} key
   * @returns {T|undefined} which then counts as new, so that another takes the place of one that nobody looks at
   */
  get(key) {
    const item = this.items.get(key);
    if (item !== undefined) this.lay(key, item);
    return item;
  }

  /** Take one in, in place of any other of its key, and tell of it; the oldest goes. @param {string} key @param {T} item */
  put(key, item) {
    this.lay(key, item);
    for (const old of [...this.items.keys()].slice(0, -this.most)) this.items.delete(old);
    this.tell();
  }

  /** @param {string} key @param {T} item */
  lay(key, item) {
    this.items.delete(key);
    this.items.set(key, item);
  }

  /** Tell that something has arrived. */
  tell() {
    for (const listener of [...this.listeners]) listener();
  }

  /**
   * @param {string} key @param {(item: T) => boolean} [isEnough] whether as much of it as is there will do
   * @returns {Promise<T>} resolves once it is there
   */
  whenReady(key, isEnough = () => true) {
    return new Promise((resolve) => {
      const look = () => {
        const item = this.items.get(key);
        if (item === undefined || !isEnough(item)) return;
        this.listeners.delete(look);
        resolve(item);
      };
      this.listeners.add(look);
      look();
    });
  }
}
