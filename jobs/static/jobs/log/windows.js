/* Asks the server for windows of a log; the newest question wins. */

import { answered } from "../fragment.js";

const BUSY_MS = 2_000; // as the server's Retry-After
const SPREAD_MS = 1_000; // so that tabs do not all come back at once
const MOST_TRIES = 30;

/** Too many searches were under way each time it was asked. */
export class Busy extends Error {
  constructor() {
    super("Too many searches are under way. Try again in a moment.");
  }
}

export const WAITING = "Too many searches are under way. Trying again …";

export class Windows {
  /** `wish`: gives the parameters that every question has, such as the filter. */
  constructor(view, wish) {
    this.url = view.dataset.url;
    this.matchesUrl = view.dataset.matches;
    this.sheet = view.dataset.sheet;
    this.wish = wish;
  }

  /** A window, for a place given in parameters such as `from` or `to`. */
  window(place, signal, onBusy) {
    return this.ask(this.address(this.url, place), signal, onBusy);
  }

  /** Where matching rows are, from a place on. */
  matches(from, signal, onBusy) {
    return this.ask(this.address(this.matchesUrl, { from }), signal, onBusy);
  }

  address(base, place) {
    const query = new URLSearchParams(this.wish());
    query.set("sheet", this.sheet);
    for (const [name, value] of Object.entries(place)) {
      if (value !== null && value !== undefined) query.set(name, String(value));
    }
    return `${base}?${query}`;
  }

  /** Asks until there is room for one more search; `onBusy` is told of each wait. Throws `Busy`. */
  async ask(address, signal, onBusy) {
    for (let tries = 1; ; tries += 1) {
      try {
        const response = await answered(address, { headers: { Accept: "application/json" }, signal });
        return await response.json();
      } catch (error) {
        if (error.status !== 503) throw error;
        if (tries >= MOST_TRIES) throw new Busy();
      }
      onBusy();
      await pause(BUSY_MS + Math.random() * SPREAD_MS, signal);
    }
  }
}

/** Throws the signal's reason when it is aborted. */
function pause(ms, signal) {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** The rows of a window. */
export function rowsOf(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  return [...parsed.body.children].map((row) => document.adoptNode(row));
}
