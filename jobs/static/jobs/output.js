/* The output pane: lines as they are written, bounded, followed until one scrolls back. */

import { fill } from "./visible.js";

const MAX_LINES = 2000;
const MAX_LETTERS = 4000;
const NEAR_END_PX = 40;

export class Output {
  constructor(pane) {
    this.pane = pane;
    this.button = document.getElementById("output-follow");
    this.waiting = [];
    this.frame = 0;
    this.texts = new WeakMap(); // the raw text of lines that may grow
    this.open = new Map();
    for (const line of pane.querySelectorAll(".line[data-open]")) {
      this.open.set(`${line.dataset.sheet}/${line.dataset.stream}`, line);
    }
    this.ends = new Map(Object.entries(JSON.parse(pane.dataset.ends || "{}")));
    this.isFollowing = true;
    pane.addEventListener("scroll", () => this.onScroll(), { passive: true });
    this.button?.addEventListener("click", () => this.follow(!this.isFollowing));
    document.getElementById("output-tools")?.removeAttribute("hidden");
    this.toEnd();
  }

  /** Take the preview of one event. Lines are put on the page once per frame. */
  append({ sheet, data }) {
    this.waiting.push({ sheet: sheet ?? "", data: data ?? {} });
    // A hidden page gets no frames, and must not pile up what it is sent.
    if (document.hidden && this.waiting.length > MAX_LINES) this.flush();
    else this.frame ||= requestAnimationFrame(() => this.flush());
  }

  flush() {
    this.frame = 0;
    for (const piece of this.waiting.splice(0)) this.take(piece);
    const lines = this.pane.getElementsByClassName("line");
    while (lines.length > MAX_LINES) lines[0].remove();
    if (this.isFollowing) this.toEnd();
  }

  take({ sheet, data }) {
    if (!this.follows(sheet, data)) return;
    const stream = data.stream === "stderr" ? "stderr" : "stdout";
    const key = `${sheet}/${stream}`;
    const preview = String(data.preview ?? "").replaceAll("\r\n", "\n");
    const parts = preview.split("\n");
    parts.forEach((part, number) => {
      const isLast = number === parts.length - 1;
      let line = this.open.get(key);
      this.open.delete(key);
      if (line && !line.isConnected) line = undefined;
      if (!line && (part || !isLast)) line = this.newLine(sheet, stream);
      if (!line) return;
      this.grow(line, part);
      if (isLast) this.open.set(key, line);
    });
    // How the last line of what is missing ends is not known: the next piece begins another one.
    const missing = Number.isInteger(data.preview_bytes) ? data.length - data.preview_bytes : 0;
    if (data.is_cut) this.mark(sheet, "more is in the log file", endOfPreview(data));
    else if (missing > 0) this.mark(sheet, `${missing.toLocaleString("en")} bytes more are in the log file`, endOfPreview(data));
  }

  /** Whether a piece is new; remarks upon what lies between it and the one before. */
  follows(sheet, { offset, length, attempt = 1 }) {
    if (!Number.isInteger(offset) || !Number.isInteger(length)) return true;
    const shown = this.ends.get(String(sheet));
    if (shown && shown[0] === attempt) {
      if (offset < shown[1]) return false;
      const between = offset - shown[1];
      if (between) this.mark(sheet, `${between.toLocaleString("en")} bytes between are in the log file`, shown[1]);
    } else if (attempt > 1) {
      this.mark(sheet, `attempt ${attempt}`);
    }
    this.ends.set(String(sheet), [attempt, offset + length]);
    return true;
  }

  mark(sheet, words, at = null) {
    for (const key of this.open.keys()) if (key.startsWith(`${sheet}/`)) this.open.delete(key);
    const text = this.newLine(sheet, "mark").lastElementChild;
    if (at === null || !sheet) text.textContent = words;
    else text.append(this.link(words, { sheet, at }));
  }

  /** A way to the whole of it: the sheet's log. */
  link(words, place) {
    const link = document.createElement("a");
    link.href = `${this.pane.dataset.log}?${new URLSearchParams(place)}`;
    link.textContent = words;
    return link;
  }

  newLine(sheet, stream) {
    const line = document.createElement("div");
    line.className = stream === "stdout" ? "line" : `line is-${stream}`;
    line.dataset.sheet = sheet;
    const from = document.createElement("span");
    from.className = "from";
    from.textContent = sheet;
    from.setAttribute("aria-label", `sheet ${sheet}`);
    const text = document.createElement("span");
    text.className = "text";
    line.append(from, text);
    this.pane.append(line);
    return line;
  }

  grow(line, part) {
    const text = line.lastElementChild;
    const whole = (this.texts.get(line) ?? text.textContent) + part;
    if (!part && this.texts.has(line)) return;
    this.texts.set(line, whole.slice(0, MAX_LETTERS + 1));
    fill(text, whole.slice(0, MAX_LETTERS));
    if (whole.length > MAX_LETTERS) this.cut(line);
  }

  cut(line) {
    const note = document.createElement("b");
    const words = "the rest of this line is in the log file";
    note.append("… ", line.dataset.sheet ? this.link(words, { sheet: line.dataset.sheet }) : words);
    const text = line.lastElementChild;
    text.querySelector("b")?.remove();
    text.append(note);
  }

  onScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.pane;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (isAtEnd !== this.isFollowing) this.follow(isAtEnd, { isScrolling: true });
  }

  follow(wanted, { isScrolling = false } = {}) {
    this.isFollowing = wanted;
    if (this.button) {
      this.button.setAttribute("aria-pressed", String(wanted));
      this.button.textContent = wanted ? "Following" : "Follow";
    }
    if (wanted && !isScrolling) this.toEnd();
  }

  toEnd() {
    this.pane.scrollTop = this.pane.scrollHeight;
  }
}

/** Where in the log goes on what an event shows the beginning of. */
function endOfPreview({ offset, preview_bytes: shown }) {
  return (Number.isInteger(offset) ? offset : 0) + (Number.isInteger(shown) ? shown : 0);
}
