/* A text field with line numbers, the colours of YAML behind it and what was found beside its lines; the
 * field itself stays a plain one, with the browser's own undo, dictation, spell keys and screen reader. */

import { paint } from "./yaml.js";

const MAX_PAINTED = 60_000; // letters; painting more would be felt while typing
const LINE_PX = 20;
const TOP_PX = 14;
const LEFT_PX = 60;

export class Editor {
  constructor(box) {
    this.box = box;
    this.field = box.querySelector("textarea");
    this.numbers = document.createElement("ol");
    this.gutter = hidden("div", "gutter");
    this.gutter.append(this.numbers);
    this.colours = hidden("pre", "paint");
    this.marks = hidden("div", "line-marks");
    box.prepend(this.marks, this.gutter, this.colours);
    box.classList.add("has-gutter");
    this.findings = [];
    this.field.addEventListener("input", () => this.draw());
    this.field.addEventListener("scroll", () => this.follow(), { passive: true });
    this.field.addEventListener("keydown", (event) => this.onKey(event));
    this.draw();
  }

  /** What was found, each {line, column, severity, message}; the worst of a line marks it. */
  mark(findings) {
    this.findings = findings;
    this.drawMarks();
  }

  /** What was found in a line, counted from 1. */
  foundIn(line) {
    return this.findings.filter((finding) => finding.line === line);
  }

  /** Put another text in its place; the browser's undo brings the old one back. */
  replace(text) {
    this.field.focus();
    this.field.select();
    if (!document.execCommand("insertText", false, text)) this.field.value = text;
    this.field.setSelectionRange(0, 0);
    this.field.scrollTop = 0;
    this.draw();
  }

  /** Put a text in the place of a stretch of letters. */
  insert(start, end, text) {
    this.field.focus();
    this.field.setSelectionRange(start, end);
    if (!document.execCommand("insertText", false, text)) {
      this.field.setRangeText(text, start, end, "end");
      this.draw();
    }
  }

  goTo(line, column) {
    const lines = this.field.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    const at = start + Math.min(column - 1, lines[line - 1]?.length ?? 0);
    this.field.focus();
    this.field.setSelectionRange(at, Math.min(start + (lines[line - 1]?.length ?? 0), this.field.value.length));
    this.field.scrollTop = Math.max(0, (line - 6) * LINE_PX);
  }

  /** The finding after the caret, or the first one again. */
  goToNext() {
    if (!this.findings.length) return;
    const { row } = this.caret();
    const next = this.findings.find((finding) => finding.line > row + 1) ?? this.findings[0];
    this.goTo(next.line, next.column);
  }

  /** Where the caret stands, counted from 0. */
  caret() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    const row = before.split("\n").length - 1;
    return { row, column: before.length - before.lastIndexOf("\n") - 1 };
  }

  /** Where a place of the text stands in the box, in pixels. */
  place(row, column) {
    return {
      left: LEFT_PX + column * this.letterWidth() - this.field.scrollLeft,
      top: TOP_PX + row * LINE_PX - this.field.scrollTop,
      height: LINE_PX,
    };
  }

  /** The place of the text below a point of the screen. */
  placeAt(x, y) {
    const box = this.field.getBoundingClientRect();
    return {
      row: Math.floor((y - box.top - TOP_PX + this.field.scrollTop) / LINE_PX),
      column: Math.floor((x - box.left - LEFT_PX + this.field.scrollLeft) / this.letterWidth()),
    };
  }

  letterWidth() {
    if (!this.width) {
      const probe = hidden("span", "paint");
      probe.textContent = "0".repeat(100);
      probe.style.inset = "auto";
      probe.style.padding = "0";
      this.box.append(probe);
      this.width = probe.getBoundingClientRect().width / 100 || 8;
      probe.remove();
    }
    return this.width;
  }

  draw() {
    const text = this.field.value;
    const wanted = text.split("\n").length;
    while (this.numbers.childElementCount > wanted) this.numbers.lastElementChild.remove();
    while (this.numbers.childElementCount < wanted) {
      const number = document.createElement("li");
      number.textContent = this.numbers.childElementCount + 1;
      this.numbers.append(number);
    }
    this.drawMarks();
    const isPainted = text.length > 0 && text.length <= MAX_PAINTED;
    this.box.classList.toggle("is-painted", isPainted);
    if (isPainted) paint(this.colours, text);
    else this.colours.replaceChildren();
    this.follow();
  }

  drawMarks() {
    const lines = this.field.value.split("\n");
    const worst = new Map();
    for (const finding of this.findings) {
      const before = worst.get(finding.line);
      if (!before || (before.severity !== "error" && finding.severity === "error")) worst.set(finding.line, finding);
    }
    for (const [index, number] of [...this.numbers.children].entries()) {
      const finding = worst.get(index + 1);
      if (finding) number.dataset.severity = finding.severity;
      else delete number.dataset.severity;
    }
    const bands = [...worst.values()].slice(0, 200).map((finding) => this.band(finding, lines));
    this.marks.replaceChildren(...bands);
  }

  band(finding, lines) {
    const band = document.createElement("div");
    band.className = `line-mark is-${finding.severity}`;
    band.style.top = `${TOP_PX + (finding.line - 1) * LINE_PX}px`;
    const words = document.createElement("span");
    words.textContent = finding.message;
    words.style.marginLeft = `${LEFT_PX + ((lines[finding.line - 1] ?? "").length + 3) * this.letterWidth()}px`;
    band.append(words);
    return band;
  }

  follow() {
    this.numbers.style.transform = `translateY(${-this.field.scrollTop}px)`;
    this.marks.style.transform = `translate(${-this.field.scrollLeft}px, ${-this.field.scrollTop}px)`;
    this.colours.scrollTop = this.field.scrollTop;
    this.colours.scrollLeft = this.field.scrollLeft;
  }

  /** Tab indents, Escape then Tab leaves; Enter goes on where the line began. */
  onKey(event) {
    if (event.defaultPrevented) return;
    if (event.key === "F8") {
      event.preventDefault();
      this.goToNext();
      return;
    }
    if (event.key === "Escape") this.mayLeave = true;
    else if (event.key !== "Tab") this.mayLeave = false;
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing) {
      event.preventDefault();
      document.execCommand("insertText", false, `\n${this.nextIndent()}`);
      return;
    }
    if (event.key !== "Tab" || event.shiftKey || this.mayLeave || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    document.execCommand("insertText", false, "  ");
  }

  nextIndent() {
    const { row, column } = this.caret();
    const line = this.field.value.split("\n")[row].slice(0, column);
    const indent = /^\s*/u.exec(line)[0];
    const opens = /(?::|[|>][+-]?)\s*$/u.test(line) && !/^\s*#/u.test(line);
    const isItem = /^\s*- +\S+:/u.test(line);
    return `${indent}${opens ? "  " : ""}${isItem ? "  " : ""}`;
  }
}

function hidden(name, className) {
  const element = document.createElement(name);
  element.className = className;
  element.setAttribute("aria-hidden", "true");
  return element;
}
