/* The pane of the log: its rows, which of them are seen, and how it is scrolled. */

const NEAR_PX = 600;
const END_PX = 30;

export class Pane {
  constructor() {
    this.box = document.getElementById("log-pane");
    this.rows = document.getElementById("log-rows");
  }

  get below() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    return scrollHeight - scrollTop - clientHeight;
  }

  get isAtEnd() {
    return this.below < END_PX;
  }

  get isNearEnd() {
    return this.below < NEAR_PX;
  }

  get isNearStart() {
    return this.box.scrollTop < NEAR_PX;
  }

  get first() {
    return this.rows.firstElementChild;
  }

  get last() {
    return this.rows.lastElementChild;
  }

  replace(rows) {
    this.rows.replaceChildren(...rows);
  }

  append(rows) {
    this.rows.append(...rows);
  }

  /** What is seen stays where it is. */
  prepend(rows) {
    const before = this.box.scrollHeight;
    this.rows.prepend(...rows);
    this.box.scrollTop += this.box.scrollHeight - before;
  }

  /** Keep so many of the last rows; what is seen stays where it is. */
  keepLast(count) {
    const rows = this.rows.children;
    if (rows.length <= count) return false;
    const before = this.box.scrollHeight;
    this.remove(rows[0], rows[rows.length - count - 1]);
    this.box.scrollTop -= before - this.box.scrollHeight;
    return true;
  }

  /** Keep so many of the first rows. */
  keepFirst(count) {
    const rows = this.rows.children;
    if (rows.length <= count) return false;
    this.remove(rows[count], this.last);
    return true;
  }

  remove(first, last) {
    const range = document.createRange();
    range.setStartBefore(first);
    range.setEndAfter(last);
    range.deleteContents();
  }

  /** A line that had not ended when it was read comes anew. */
  removeOpen() {
    for (const row of this.rows.querySelectorAll(":scope > [data-open]")) row.remove();
  }

  toStart() {
    this.box.scrollTop = 0;
  }

  toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
  }

  /** Scroll until a row stands in the upper third. */
  show(row) {
    const { top, height } = row.getBoundingClientRect();
    const box = this.box.getBoundingClientRect();
    this.box.scrollTop += top - box.top - Math.max(0, (box.height - height) / 3);
  }

  /** Scroll until a row is the first that is seen. */
  showFirst(row) {
    this.box.scrollTop += row.getBoundingClientRect().top - this.box.getBoundingClientRect().top;
  }

  /** The first row that can be seen. */
  firstSeen() {
    const rows = this.rows.children;
    const top = this.box.getBoundingClientRect().top;
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].getBoundingClientRect().bottom <= top + 1) low = middle + 1;
      else high = middle;
    }
    return rows[low] ?? null;
  }

  at(offset) {
    return this.rows.querySelector(`:scope > [data-offset="${Number(offset)}"]`);
  }

  line(number) {
    return document.getElementById(`L${number}`)?.parentElement ?? null;
  }

  get target() {
    return this.rows.querySelector(".is-target");
  }

  /** The line that the address names. */
  point(row) {
    this.target?.removeAttribute("aria-current");
    this.mark(row, "is-target");
    row?.setAttribute("aria-current", "location");
  }

  /** One row alone has the class. */
  mark(row, name) {
    for (const other of this.rows.querySelectorAll(`.${name}`)) other.classList.remove(name);
    row?.classList.add(name);
  }
}
