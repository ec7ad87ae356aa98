/* A text field with line numbers and the colours of YAML behind it; the field itself stays plain. */

import { paint } from "./yaml.js";

const MAX_PAINTED = 60_000; // letters; painting more would be felt while typing

export class Editor {
  constructor(box) {
    this.box = box;
    this.field = box.querySelector("textarea");
    this.numbers = document.createElement("ol");
    this.gutter = document.createElement("div");
    this.gutter.className = "gutter";
    this.gutter.setAttribute("aria-hidden", "true");
    this.gutter.append(this.numbers);
    this.colours = document.createElement("pre");
    this.colours.className = "paint";
    this.colours.setAttribute("aria-hidden", "true");
    box.prepend(this.gutter, this.colours);
    box.classList.add("has-gutter");
    this.severities = new Map();
    this.field.addEventListener("input", () => this.draw());
    this.field.addEventListener("scroll", () => this.follow(), { passive: true });
    this.field.addEventListener("keydown", (event) => this.onKey(event));
    this.draw();
  }

  /** Lines to be marked, by number. */
  mark(severities) {
    this.severities = severities;
    for (const [index, number] of [...this.numbers.children].entries()) {
      const severity = severities.get(index + 1);
      if (severity) number.dataset.severity = severity;
      else delete number.dataset.severity;
    }
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

  goTo(line, column) {
    const lines = this.field.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    const at = start + Math.min(column - 1, lines[line - 1]?.length ?? 0);
    this.field.focus();
    this.field.setSelectionRange(at, Math.min(start + (lines[line - 1]?.length ?? 0), this.field.value.length));
    this.field.scrollTop = Math.max(0, (line - 6) * 20);
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
    this.mark(this.severities);
    const isPainted = text.length > 0 && text.length <= MAX_PAINTED;
    this.box.classList.toggle("is-painted", isPainted);
    if (isPainted) paint(this.colours, text);
    else this.colours.replaceChildren();
    this.follow();
  }

  follow() {
    this.numbers.style.transform = `translateY(${-this.field.scrollTop}px)`;
    this.colours.scrollTop = this.field.scrollTop;
    this.colours.scrollLeft = this.field.scrollLeft;
  }

  /** Tab indents while something is chosen or the line's beginning is at hand; Escape then Tab leaves. */
  onKey(event) {
    if (event.key === "Escape") this.mayLeave = true;
    else if (event.key !== "Tab") this.mayLeave = false;
    if (event.key !== "Tab" || event.shiftKey || this.mayLeave) return;
    event.preventDefault();
    document.execCommand("insertText", false, "  ");
  }
}
