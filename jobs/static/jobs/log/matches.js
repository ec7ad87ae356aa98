/* Where a search finds something: all places, as far as the server has looked. */

import { Busy, WAITING } from "./windows.js";

const MOST = 10_000;

export class Matches {
  constructor(windows, onChange) {
    this.windows = windows;
    this.onChange = onChange;
    this.clear();
  }

  clear() {
    this.asking?.abort();
    this.asking = null;
    this.offsets = [];
    this.until = 0;
    this.size = 0;
    this.fault = "";
    this.isActive = false;
    this.isDone = false;
    this.isCut = false; // there are more than it keeps
  }

  /** Look from the beginning on. */
  async start() {
    this.clear();
    this.isActive = true;
    await this.goOn();
  }

  /** Look on from where one has come to, such as when the log has grown. */
  async goOn() {
    if (!this.isActive || this.asking || this.isCut) return;
    const asking = new AbortController();
    this.asking = asking;
    this.isDone = false;
    const onBusy = () => {
      this.fault = WAITING;
      this.onChange();
    };
    try {
      do {
        const answer = await this.windows.matches(this.until, asking.signal, onBusy);
        if (asking.signal.aborted) return;
        this.fault = answer.fault;
        const last = this.offsets.at(-1) ?? -1;
        this.offsets.push(...answer.offsets.filter((offset) => offset > last));
        this.isCut = this.offsets.length > MOST;
        if (this.isCut) this.offsets.length = MOST;
        const stood = answer.until <= this.until;
        [this.until, this.size] = [answer.until, answer.size];
        this.isDone = stood || this.until >= this.size;
        this.onChange();
      } while (!this.isDone && !this.fault && !this.isCut);
    } catch (error) {
      if (!asking.signal.aborted) this.fault = error instanceof Busy ? error.message : "The search broke off.";
    } finally {
      if (this.asking === asking) this.asking = null;
    }
    this.onChange();
  }

  /** The match after (or before) a place; from the other end on where there is none. */
  from(offset, step) {
    const found = this.offsets;
    if (!found.length) return null;
    if (step > 0) return found.find((place) => place > offset) ?? found[0];
    return found.findLast((place) => place < offset) ?? found.at(-1);
  }

  words(at) {
    if (!this.isActive) return "";
    if (this.fault) return this.fault;
    const count = this.offsets.length;
    const total = count.toLocaleString("en") + (this.isCut ? "+" : "");
    const far = this.isDone || this.isCut ? "" : `, ${Math.floor((100 * this.until) / (this.size || 1))} % searched`;
    const place = at === null ? -1 : this.offsets.indexOf(at);
    const which = place >= 0 ? `${(place + 1).toLocaleString("en")} of ` : "";
    return `${which}${total} line${count === 1 ? "" : "s"}${far}`;
  }
}
