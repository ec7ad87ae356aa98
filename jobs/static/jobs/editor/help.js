/* What a key means: beside the editor for the line of the caret, and over it for the one that is pointed at. */

import { blockAt, keyOf, pathTo } from "./outline.js";

const POINT_MS = 350;
const CARET_MS = 120;

/** The key of a row and the way to it; null where the row has none that a score knows. */
export function keyIn(reference, lines, row) {
  if (row < 0 || row >= lines.length) return null;
  const block = blockAt(lines, row);
  if (block) {
    const key = reference.keyAt(block.slice(0, -1), block.at(-1));
    return key ? { key, path: block } : null;
  }
  const entry = keyOf(lines[row]);
  if (!entry) return null;
  const path = pathTo(lines, row, entry.at, entry.dash);
  const key = reference.keyAt(path, entry.key);
  return key ? { key, path: [...path, entry.key], entry } : null;
}

function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

function described({ key, path }) {
  const type = [key.type, key.required ? "required" : "", key.default ? `default ${key.default}` : ""];
  return [
    element("p", "key-path", element("code", "", path.join("."))),
    element("p", "", key.doc),
    element("p", "quiet", type.filter(Boolean).join(", ")),
  ];
}

export class Help {
  constructor(editor, reference, box) {
    this.editor = editor;
    this.reference = reference;
    this.box = box;
    this.tip = element("div", "key-tip");
    this.tip.id = "key-tip";
    this.tip.setAttribute("role", "tooltip");
    this.tip.hidden = true;
    editor.box.append(this.tip);
    for (const kind of ["keyup", "click", "input", "focus"]) {
      editor.field.addEventListener(kind, () => this.soon());
    }
    editor.field.addEventListener("mousemove", (event) => this.onPoint(event));
    editor.field.addEventListener("scroll", () => this.hide(), { passive: true });
    editor.field.addEventListener("keydown", () => this.hide());
    editor.box.addEventListener("mouseleave", () => this.hide());
    this.showCaret();
  }

  soon() {
    clearTimeout(this.caretTimer);
    this.caretTimer = setTimeout(() => this.showCaret(), CARET_MS);
  }

  showCaret() {
    const { row } = this.editor.caret();
    const found = keyIn(this.reference, this.editor.field.value.split("\n"), row);
    const name = found ? found.path.join(".") : "";
    if (this.shown === name && this.box.dataset.filled) return;
    this.shown = name;
    this.box.dataset.filled = "yes";
    this.box.replaceChildren(
      ...(found ? described(found) : [element("p", "quiet", "Put the caret on a key, or point at one, to read what it means.")]),
    );
  }

  onPoint(event) {
    const { row, column } = this.editor.placeAt(event.clientX, event.clientY);
    if (row === this.row && !this.tip.hidden) return;
    clearTimeout(this.pointTimer);
    if (row !== this.row) this.hide();
    this.row = row;
    this.pointTimer = setTimeout(() => this.point(row, column), POINT_MS);
  }

  point(row, column) {
    const lines = this.editor.field.value.split("\n");
    const found = keyIn(this.reference, lines, row);
    const onKey = found?.entry && column >= found.entry.at && column <= found.entry.at + found.entry.key.length;
    const findings = this.editor.foundIn(row + 1);
    const content = [
      ...findings.map(({ severity, message }) => element("p", `tip-finding is-${severity}`, `${severity}: ${message}`)),
      ...(onKey ? described(found) : []),
    ];
    if (!content.length || column < 0 || column > (lines[row]?.length ?? 0) + 4) return;
    this.tip.replaceChildren(...content);
    this.tip.hidden = false;
    const place = this.editor.place(row, found?.entry?.at ?? 0);
    const room = this.editor.box.clientWidth - this.tip.offsetWidth - 8;
    this.tip.style.left = `${Math.max(8, Math.min(place.left, room))}px`;
    const below = place.top + place.height;
    const above = place.top - this.tip.offsetHeight;
    this.tip.style.top = `${below + this.tip.offsetHeight > this.editor.box.clientHeight && above > 0 ? above : below}px`;
  }

  hide() {
    clearTimeout(this.pointTimer);
    this.tip.hidden = true;
    this.row = null;
  }
}
