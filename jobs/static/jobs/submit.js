/* The submit page: the judgement as one types, line numbers, findings that lead to their line. */

import { Editor } from "./editor.js";
import { fragment, LoggedOut, Refused } from "./fragment.js";
import { notice } from "./notices.js";
import { startResending } from "./resending.js";

const PAUSE_MS = 350;

const form = document.getElementById("submit-form");
const box = document.getElementById("judgement");
const wasSent = startResending(form);
const editor = new Editor(document.getElementById("editor"));
let timer = 0;
let running = null;

async function judge() {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  box.setAttribute("aria-busy", "true");
  try {
    const fresh = await fragment(form.dataset.validate, {
      method: "POST",
      body: new FormData(form),
      signal: AbortSignal.any([mine.signal, AbortSignal.timeout(30_000)]),
    });
    if (mine.signal.aborted) return;
    box.replaceChildren(...fresh.body.childNodes);
    mark();
  } catch (error) {
    if (mine.signal.aborted) return;
    if (error instanceof LoggedOut || error instanceof Refused) {
      notice("Your session has expired. Copy what you wrote before you log in again.", {
        tone: "bad",
        id: "session-expired",
        link: { href: `/login/?next=${encodeURIComponent(location.pathname + location.search)}`, text: "Log in again" },
      });
    } else {
      notice("The score cannot be checked at the moment: the server does not answer.", { id: "not-checked" });
    }
    box.setAttribute("aria-busy", "false");
    return;
  }
  document.getElementById("not-checked")?.remove();
  box.setAttribute("aria-busy", "false");
}

function mark() {
  const lines = new Map();
  for (const finding of box.querySelectorAll(".finding")) {
    const [line, severity] = [Number(finding.dataset.line), finding.dataset.severity];
    if (lines.get(line) !== "error") lines.set(line, severity);
  }
  editor.mark(lines);
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(judge, PAUSE_MS);
}

async function takeSample(link) {
  const response = await fetch(link.href, { credentials: "same-origin", redirect: "manual" });
  if (!response.ok) {
    location.assign(link.href);
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  editor.replace(page.getElementById("id_text").value);
  for (const chip of form.querySelectorAll("[data-sample]")) chip.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  judge();
}

form.addEventListener("input", (event) => {
  if (event.target.name !== "reason") soon();
});
form.addEventListener("change", (event) => {
  if (event.target.matches('[name="source"], [name="conductor"]')) soon();
});
form.addEventListener("click", (event) => {
  const sample = event.target.closest("[data-sample]");
  if (sample && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    takeSample(sample);
  }
  if (event.target.closest('button[value="validate"]')) {
    event.preventDefault();
    judge();
  }
  const finding = event.target.closest(".finding");
  if (finding) {
    event.preventDefault();
    editor.goTo(Number(finding.dataset.line), Number(finding.dataset.column));
  }
});
if (wasSent) judge();
else mark();
