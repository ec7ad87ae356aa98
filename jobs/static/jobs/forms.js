/* A form that changes something is sent once per click; its key makes a second one harmless anyway. */

function onSubmit(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !("once" in form.dataset) || event.defaultPrevented) return;
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
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
}

/** Watch all forms of the page, also those that come later. */
export function startForms() {
  document.addEventListener("submit", onSubmit);
  window.addEventListener("pageshow", onShow);
}
