/* What the submit page and the score editor share: the judgement as one types, the preview, help with keys,
 * and a session that may end meanwhile without taking what was written along. */

import { Editor } from "../editor.js";
import { fragment, LoggedOut, Refused } from "../fragment.js";
import { notice } from "../notices.js";
import { Completion } from "./completion.js";
import { Help } from "./help.js";
import { loadReference } from "./reference.js";

const PAUSE_MS = 350;
const DEADLINE_MS = 30_000; // a large score takes its time
const EXPIRED = "session-expired";

export class Work {
  constructor(form, checkUrl) {
    this.form = form;
    this.checkUrl = checkUrl;
    this.box = document.getElementById("judgement");
    this.preview = document.getElementById("preview");
    this.editor = new Editor(document.getElementById("editor"));
    this.isLoggedOut = false;
    this.help();
    form.addEventListener("click", (event) => this.onClick(event));
    form.addEventListener("change", (event) => this.onChange(event));
    form.addEventListener("keydown", (event) => this.onKey(event));
    form.addEventListener("submit", (event) => this.onSubmit(event));
    document.addEventListener("visibilitychange", () => this.comeBack());
    window.addEventListener("focus", () => this.comeBack());
  }

  async help() {
    try {
      const reference = await loadReference(this.form.dataset.reference);
      this.completion = new Completion(this.editor, reference);
      this.keyHelp = new Help(this.editor, reference, document.getElementById("key-help"));
      this.form.dataset.helped = "yes";
    } catch {
      // Without it one writes as before; the reference page says the same.
    }
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.judge(), PAUSE_MS);
    this.hasChanged = true;
    if (this.preview?.querySelector(".preview")) this.preview.dataset.stale = "yes";
  }

  async judge() {
    clearTimeout(this.timer);
    this.running?.abort();
    const mine = new AbortController();
    this.running = mine;
    this.box.setAttribute("aria-busy", "true");
    try {
      const fresh = await this.send(this.checkUrl, new FormData(this.form), mine.signal);
      if (mine.signal.aborted) return;
      this.box.replaceChildren(...fresh.body.childNodes);
      this.mark();
      document.getElementById("not-checked")?.remove();
    } catch (error) {
      if (mine.signal.aborted) return;
      if (!this.ended(error)) {
        notice("The score cannot be checked at the moment: the server does not answer.", { id: "not-checked" });
      }
    }
    this.box.setAttribute("aria-busy", "false");
  }

  mark() {
    this.editor.mark(
      [...this.box.querySelectorAll(".finding[data-line]")].map((finding) => ({
        line: Number(finding.dataset.line),
        column: Number(finding.dataset.column),
        severity: finding.dataset.severity,
        message: finding.querySelector(".finding-words")?.textContent ?? "",
      })),
    );
    this.announce();
    const wrong = new Set([...this.box.querySelectorAll("[data-field]")].map((problem) => problem.dataset.field));
    for (const field of this.form.querySelectorAll("input[id], select[id]")) {
      if (wrong.has(field.id)) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  }

  /** The verdict for a screen reader, when it is another one; never the whole list at each letter. */
  announce() {
    const verdict = this.box.querySelector(".verdict")?.textContent.trim() ?? "";
    const place = document.getElementById("judgement-said");
    if (this.verdict !== undefined && verdict !== this.verdict) place.textContent = verdict;
    this.verdict = verdict;
  }

  async showPreview(sheet) {
    if (!this.preview) return;
    this.previewing?.abort();
    const mine = new AbortController();
    this.previewing = mine;
    const fields = new FormData(this.form);
    this.hasChanged = false;
    if (sheet) fields.set("preview_sheet", sheet);
    this.preview.setAttribute("aria-busy", "true");
    try {
      const fresh = await this.send(this.preview.dataset.url, fields, mine.signal);
      const graphs = fresh.querySelector(".preview-graph") ? await import("../graph/graph.js") : null;
      if (mine.signal.aborted) return;
      const hadFocus = this.preview.contains(document.activeElement);
      const scrolled = this.preview.querySelector(".preview-list")?.scrollTop ?? 0;
      const isFolded = this.preview.querySelector(".preview-graph:not([open])") !== null;
      this.preview.replaceChildren(...fresh.head.querySelectorAll("link"), ...fresh.body.childNodes);
      const picture = this.preview.querySelector(".preview-graph");
      if (picture && isFolded) picture.open = false;
      graphs?.startGraphs(this.preview);
      if (this.hasChanged) this.preview.dataset.stale = "yes";
      else delete this.preview.dataset.stale;
      const list = this.preview.querySelector(".preview-list");
      if (list) list.scrollTop = scrolled;
      if (hadFocus) this.preview.querySelector(`[data-sheet="${sheet}"]`)?.focus({ preventScroll: true });
      document.getElementById("not-previewed")?.remove();
    } catch (error) {
      if (mine.signal.aborted) return;
      if (!this.ended(error)) notice("The preview cannot be made at the moment.", { id: "not-previewed" });
    }
    this.preview.setAttribute("aria-busy", "false");
  }

  /** A form to an address; an ended session is an error of its own. */
  send(url, body, signal) {
    return fragment(url, { method: "POST", body, signal, deadlineMs: DEADLINE_MS });
  }

  /** Say what an ended session means; false for other errors. */
  ended(error) {
    if (error instanceof Refused) {
      notice("You may not do this any more. Copy what you wrote before you leave the page.", { tone: "bad", id: EXPIRED });
      return true;
    }
    if (!(error instanceof LoggedOut)) return false;
    this.isLoggedOut = true;
    notice("Your session has expired. Nothing was sent, and what you wrote stays here: log in in the new tab, then come back.", {
      tone: "bad",
      id: EXPIRED,
      link: { href: "/login/?next=/", text: "Log in again", target: "_blank" },
    });
    return true;
  }

  /** Whether there is a session; where it is a new one, the form takes its token. */
  async hasSession() {
    const page = await fragment(location.pathname, { cache: "no-store" });
    const fresh = page.getElementById(this.form.id);
    if (fresh?.dataset.person !== this.form.dataset.person) throw new LoggedOut(); // somebody else is
    const token = fresh.elements.csrfmiddlewaretoken.value;
    this.form.elements.csrfmiddlewaretoken.value = token;
  }

  async comeBack() {
    if (!this.isLoggedOut || document.hidden || this.isAsking) return;
    this.isAsking = true;
    try {
      await this.hasSession();
      this.isLoggedOut = false;
      document.getElementById(EXPIRED)?.remove();
      this.judge();
    } catch {
      // still logged out
    }
    this.isAsking = false;
  }

  /** A form that leaves the page is only sent with a session, or the text would be gone. */
  async onSubmit(event) {
    if (this.isSure || event.defaultPrevented) return;
    event.preventDefault();
    const button = event.submitter;
    try {
      await this.hasSession();
    } catch (error) {
      if (this.ended(error)) return;
      // No answer at all: what watches over all forms asks once more, and stays.
    }
    this.isSure = true;
    this.form.requestSubmit(button);
    this.isSure = false;
  }

  onKey(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.judge();
    }
  }

  onChange(event) {
    if ("jump" in event.target.dataset) this.showPreview(event.target.value);
  }

  onClick(event) {
    const button = event.target.closest("button");
    if (button?.value === "validate" || button?.value === "check") {
      event.preventDefault();
      this.judge();
    } else if (button?.value === "preview") {
      event.preventDefault();
      this.showPreview();
    } else if (button?.name === "preview_sheet") {
      event.preventDefault();
      this.showPreview(button.value);
    }
    const node = event.target.closest("#preview .node");
    if (node) {
      event.preventDefault();
      this.showPreview(node.id.slice(1));
    }
    const finding = event.target.closest(".finding[data-line]");
    if (finding) {
      event.preventDefault();
      this.editor.goTo(Number(finding.dataset.line), Number(finding.dataset.column));
    }
  }
}
