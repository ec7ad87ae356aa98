/* The search in the head: "/" leads to it, suggestions come while one types, and the arrows choose
 * among them. What it shows is the search page's own answer; without a script, Enter leads there. */

import { fragment, LoggedOut } from "./fragment.js";

const PAUSE_MS = 180; // a person who types goes on sooner
const STATUS = "[data-search-status]";

class Suggestions {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector("input");
    this.box = form.querySelector(".suggestions");
    this.status = form.querySelector(STATUS);
    this.timer = 0;
    this.asked = "";
    this.at = -1;
    this.aborter = null;
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-expanded", "false");
    this.input.setAttribute("aria-controls", this.box.id);
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.addEventListener("input", () => this.onInput());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("focus", () => this.options.length && this.show());
    form.addEventListener("focusout", (event) => {
      if (!form.contains(event.relatedTarget)) this.hide();
    });
    // A press must not take the focus away before the click has led somewhere.
    this.box.addEventListener("pointerdown", (event) => event.preventDefault());
  }

  get options() {
    return [...this.box.querySelectorAll('[role="option"]')];
  }

  onInput() {
    clearTimeout(this.timer);
    const words = this.input.value.trim();
    if (!words) {
      this.forget();
      return;
    }
    this.timer = setTimeout(() => this.ask(words), PAUSE_MS);
  }

  forget() {
    this.aborter?.abort();
    this.asked = "";
    this.box.replaceChildren();
    this.hide();
  }

  async ask(words) {
    if (words === this.asked) return;
    this.asked = words;
    this.aborter?.abort();
    const aborter = new AbortController();
    this.aborter = aborter;
    const url = `${this.form.action}?${new URLSearchParams({ q: words })}`;
    try {
      const page = await fragment(url, { signal: aborter.signal });
      if (aborter === this.aborter) this.fill(page, words, url);
    } catch (error) {
      if (aborter !== this.aborter || error.name === "AbortError") return;
      this.asked = "";
      this.say(error instanceof LoggedOut ? "Your session has expired." : "No suggestions at the moment; Enter searches.");
    }
  }

  fill(page, words, url) {
    this.at = -1;
    this.box.replaceChildren();
    let number = 0;
    for (const found of page.querySelectorAll("[data-group]")) {
      const group = element("div", { role: "group" });
      const name = element("div", { class: "group-name", id: `found-group-${number}` });
      name.textContent = found.querySelector("h2").textContent;
      group.setAttribute("aria-labelledby", name.id);
      group.append(name);
      for (const hit of found.querySelectorAll("[data-hit]")) {
        const link = hit.querySelector("a");
        const option = element("a", { role: "option", href: link.getAttribute("href"), tabindex: "-1", id: `found-${number}` });
        option.setAttribute("aria-selected", "false");
        option.append(...[...hit.childNodes].map((node) => node.cloneNode(true)));
        for (const inner of option.querySelectorAll("a")) inner.replaceWith(...inner.childNodes);
        group.append(option);
        number += 1;
      }
      this.box.append(group);
    }
    if (number) {
      const all = element("a", { role: "option", href: url, tabindex: "-1", id: `found-${number}` });
      all.setAttribute("aria-selected", "false");
      all.textContent = `All that is found for “${words}”`;
      this.box.append(all);
      this.status.textContent = `${number} found`;
    } else {
      this.say(`Nothing begins with “${words}”.`);
    }
    this.show();
  }

  say(words) {
    const hint = element("div", { class: "hint" });
    hint.textContent = words;
    this.box.replaceChildren(hint);
    this.status.textContent = words;
    this.show();
  }

  show() {
    if (!this.form.contains(document.activeElement)) return;
    this.box.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  hide() {
    this.box.hidden = true;
    this.choose(-1);
    this.input.setAttribute("aria-expanded", "false");
  }

  choose(at) {
    const all = this.options;
    all[this.at]?.setAttribute("aria-selected", "false");
    this.at = at;
    const option = all[at];
    if (!option) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  onKey(event) {
    const count = this.options.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!count) return;
      event.preventDefault();
      this.show();
      const step = event.key === "ArrowDown" ? 1 : -1;
      // One place more than there are options: there nothing is chosen, and Enter searches.
      this.choose(((this.at + 1 + step + count + 1) % (count + 1)) - 1);
    } else if (event.key === "Enter" && this.at >= 0) {
      event.preventDefault();
      this.options[this.at].click();
    } else if (event.key === "Escape") {
      if (this.box.hidden) this.input.blur();
      else this.hide();
      event.stopPropagation();
    }
  }
}

function element(name, attributes) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function onSlash(event) {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
  const input = document.querySelector("[data-site-search] input, [data-search]");
  if (!input) return;
  event.preventDefault();
  input.focus();
  input.select();
}

/** Give the search in the head its suggestions, where there is one, and "/" its place. */
export function startSearch() {
  document.addEventListener("keydown", onSlash);
  const form = document.querySelector("[data-site-search]");
  if (form) new Suggestions(form);
}
