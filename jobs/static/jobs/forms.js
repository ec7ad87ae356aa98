/* A form that changes something is sent once per click; its key makes a second one harmless anyway. One
 * in which something was written (`data-guard`) is not left without a question. */

const UNSENT = "form[data-guard][data-dirty]:not([data-leaving])";

function onSubmit(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || event.defaultPrevented) return;
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
