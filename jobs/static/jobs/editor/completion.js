/* What may stand at the caret, as a list that the keyboard walks through while one goes on writing. */

import { blockAt, keyOf, pathTo, siblings, variables } from "./outline.js";

const MAX_SHOWN = 60;
const AT_ONCE = 8; // the list shows so many and goes along with the choice: nothing in it has to be scrolled

function matching(options, word) {
  const lower = word.toLowerCase();
  const begins = options.filter(({ label }) => label.toLowerCase().startsWith(lower));
  const holds = options.filter(({ label }) => label.toLowerCase().indexOf(lower) > 0);
  return [...begins, ...holds].slice(0, MAX_SHOWN);
}

function keyText(key, indent) {
  const inner = " ".repeat(indent + 2);
  if (key.shape === "list") return `${key.key}:\n${inner}- `;
  if (key.shape !== "value") return `${key.key}:\n${inner}`;
  return `${key.key}: `;
}

/** What may stand at a place: the word that is there so far, and what it may become. */
export function optionsAt(reference, lines, row, column) {
  const before = lines[row].slice(0, column);
  const block = blockAt(lines, row);
  if (block) {
    const word = /\{[{%][^{}%]*?(?<word>[A-Za-z_]\w*|)$/u.exec(before)?.groups.word;
    if (word === undefined) return null;
    const own = variables(lines).map((name) => ({ label: name, text: name, doc: "A variable of this score." }));
    const names = reference.names.map(([name, doc]) => ({ label: name, text: name, doc }));
    return { word, options: matching([...own, ...names], word) };
  }
  const value = /^\s*(?:- +)*(?<key>[\w-]+):\s+(?<word>[\w-]*)$/u.exec(before);
  if (value) {
    const entry = keyOf(lines[row]);
    const key = entry && reference.keyAt(pathTo(lines, row, entry.at, entry.dash), entry.key);
    if (!key?.choices.length || key.shape !== "value") return null;
    const options = key.choices.map((choice) => ({ label: choice, text: choice, doc: key.doc }));
    return { word: value.groups.word, options: matching(options, value.groups.word) };
  }
  const start = /^(?<indent>\s*)(?<dashes>(?:- +)*)(?<word>[\w-]*)$/u.exec(before);
  if (!start) return null;
  const { indent, dashes, word } = start.groups;
  const at = indent.length + dashes.length;
  const path = pathTo(lines, row, at, dashes ? indent.length : null);
  const parent = path.length ? reference.keyAt(path.slice(0, -1), path.at(-1)) : null;
  if (dashes && parent?.shape === "list" && parent.choices.length) {
    const choices = parent.choices.map((choice) => ({ label: choice, text: choice, doc: parent.doc }));
    return { word, options: matching(choices, word) };
  }
  const section = reference.sectionAt(path);
  if (!section || (parent?.shape === "list" && !dashes && at === 0)) return null;
  const there = siblings(lines, row, at);
  const options = [...section.values()]
    .filter((key) => !there.has(key.key))
    .map((key) => ({ label: key.key, text: keyText(key, at), doc: key.doc, type: key.type }));
  return { word, options: matching(options, word) };
}

export class Completion {
  constructor(editor, reference) {
    this.editor = editor;
    this.reference = reference;
    this.list = document.createElement("ul");
    this.list.id = "completions";
    this.list.className = "completions";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "What may stand here");
    this.list.hidden = true;
    editor.box.append(this.list);
    const field = editor.field;
    field.setAttribute("aria-autocomplete", "list");
    field.addEventListener("keydown", (event) => this.onKey(event), { capture: true });
    field.addEventListener("input", (event) => this.onInput(event));
    field.addEventListener("blur", () => this.close());
    field.addEventListener("scroll", () => this.close(), { passive: true });
    field.addEventListener("mousedown", () => this.close());
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the field keeps the focus
      const option = event.target.closest("[role=option]");
      if (option) this.take(this.first + [...this.list.children].indexOf(option));
    });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  onInput(event) {
    const isTyped = event.inputType === "insertText" && event.data?.length === 1;
    if (isTyped && /[\w{-]/u.test(event.data)) this.open({ isAsked: false });
    else if (event.inputType === "deleteContentBackward" && this.isOpen) this.open({ isAsked: false });
    else this.close();
  }

  onKey(event) {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      this.open({ isAsked: true });
      return;
    }
    if (!this.isOpen || event.isComposing) return;
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.key in moves) this.choose(this.chosen + moves[event.key]);
    else if ((event.key === "Enter" && !event.ctrlKey) || (event.key === "Tab" && !event.shiftKey)) this.take(this.chosen);
    else if (event.key === "Escape") this.close();
    else {
      if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) this.close();
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  open({ isAsked }) {
    const { row, column } = this.editor.caret();
    const lines = this.editor.field.value.split("\n");
    const found = optionsAt(this.reference, lines, row, column);
    // Unasked only what goes on from the letters that are there: Enter must not bring a surprise.
    const word = found?.word.toLowerCase() ?? "";
    if (found && !isAsked) found.options = found.options.filter(({ label }) => label.toLowerCase().startsWith(word));
    const isDone = found?.options.length === 1 && found.options[0].label === found.word;
    if (!found?.options.length || (!isAsked && (!word || isDone))) {
      this.close();
      return;
    }
    this.found = found;
    this.first = 0;
    this.list.hidden = false;
    this.choose(0);
    const place = this.editor.place(row, column - found.word.length);
    const room = this.editor.box.clientWidth - this.list.offsetWidth - 8;
    this.list.style.left = `${Math.max(8, Math.min(place.left, room))}px`;
    const below = place.top + place.height + 2;
    const fits = below + this.list.offsetHeight < this.editor.box.clientHeight;
    const above = place.top - this.list.offsetHeight - 2;
    this.list.style.top = `${fits || above < 0 ? below : above}px`;
    this.editor.field.setAttribute("aria-controls", this.list.id);
  }

  option({ label, doc, type }, index) {
    const item = document.createElement("li");
    item.id = `completion-${index}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-setsize", this.found.options.length);
    item.setAttribute("aria-posinset", index + 1);
    item.setAttribute("aria-selected", String(index === this.chosen));
    const name = document.createElement("code");
    name.textContent = label;
    const words = document.createElement("span");
    words.textContent = type ? `${type} – ${doc}` : doc;
    item.append(name, words);
    return item;
  }

  choose(index) {
    const { options } = this.found;
    this.chosen = Math.max(0, Math.min(index, options.length - 1));
    this.first = Math.max(this.chosen - AT_ONCE + 1, Math.min(this.first, this.chosen));
    const shown = options.slice(this.first, this.first + AT_ONCE);
    this.list.replaceChildren(...shown.map((option, n) => this.option(option, this.first + n)));
    this.list.dataset.more = this.first + AT_ONCE < options.length ? `${options.length - this.first - AT_ONCE} more` : "";
    this.editor.field.setAttribute("aria-activedescendant", `completion-${this.chosen}`);
  }

  take(index) {
    const { word, options } = this.found;
    const at = this.editor.field.selectionStart;
    this.close();
    const rest = /^[\w-]*/u.exec(this.editor.field.value.slice(at))[0];
    const text = options[index].text;
    const isKeyThere = text.endsWith(": ") && this.editor.field.value.slice(at + rest.length).startsWith(":");
    this.editor.insert(at - word.length, at + rest.length, isKeyThere ? text.slice(0, -2) : text);
  }

  close() {
    this.list.hidden = true;
    this.editor.field.removeAttribute("aria-activedescendant");
    this.editor.field.removeAttribute("aria-controls");
  }
}
