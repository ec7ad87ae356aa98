/* A form that changes something is sent once per click; its key makes a second one harmless anyway. One
 * in which something was written (`data-guard`) is not left without a question, and none is left for a
 * console that cannot be reached. */

import { comesIntoReach, isInReach } from "./reach.js";

const UNSENT = "form[data-guard][data-dirty]:not([data-leaving])";

const asking = new WeakSet(); // forms that wait for whether the console can be reached

function onSubmit(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || event.defaultPrevented) return;
  if (form.method === "post" && !isInReach()) {
    event.preventDefault();
    if (!asking.has(form)) sendWithin(form, event.submitter);
    return;
  }
  if ("guard" in form.dataset) form.dataset.leaving = "";
  if (!("once" in form.dataset)) return;
  if ("sent" in form.dataset) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "";
  form.setAttribute("aria-busy", "true");
  const button = event.submitter;
  button?.setAttribute("aria-disabled", "true");
}

/** Send a form once the console answers; where it does not, the form stays and says so. */
async function sendWithin(form, submitter) {
  asking.add(form);
  form.querySelector(".not-sent")?.remove();
  form.setAttribute("aria-busy", "true");
  const isReachable = await comesIntoReach();
  form.removeAttribute("aria-busy");
  asking.delete(form);
  const isPutAway = !form.isConnected || form.closest("dialog:not([open])");
  if (isPutAway || (submitter && submitter.form !== form)) return;
  if (isReachable) form.requestSubmit(submitter);
  else stay(form, submitter);
}

function stay(form, submitter) {
  const note = document.createElement("p");
  note.className = "note tone-bad not-sent";
  note.dataset.testid = "not-sent";
  note.setAttribute("role", "alert");
  note.textContent = "The console could not be reached. Nothing was sent; what you wrote is kept here. Try again in a moment.";
  const place = submitter?.closest(".form-end, .bulk") ?? ("guard" in form.dataset ? submitter : null);
  if (place) place.before(note);
  else form.prepend(note);
  for (const seen of [note, submitter]) seen?.scrollIntoView({ block: "nearest" });
  form.dispatchEvent(new Event("podium:stayed"));
}

/** A page that comes back from the browser's memory can be sent again. */
function onShow(event) {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-leaving]")) delete form.dataset.leaving;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
}

function onLeave(event) {
  if (document.querySelector(UNSENT)) event.preventDefault();
}

function onInput(event) {
  const form = event.target.form;
  if (form && "guard" in form.dataset) form.dataset.dirty = "";
}

/** Watch all forms of the page, also those that come later. */
export function startForms() {
  document.addEventListener("submit", onSubmit);
  document.addEventListener("input", onInput);
  window.addEventListener("beforeunload", onLeave);
  window.addEventListener("pageshow", onShow);
}
