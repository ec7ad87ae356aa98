/* Opens a confirmation page as a dialog over the page one is on; without this it is a page of its own. */

import { fragment, isOutOfReach } from "./fragment.js";
import { notice } from "./notices.js";

const UNREACHABLE = "unreachable";

async function open(link) {
  const dialog = document.getElementById("dialog");
  let content;
  try {
    content = await fragment(link.href);
  } catch (error) {
    if (isOutOfReach(error)) {
      notice("The console could not be reached, and nothing was sent. Try again in a moment.", { tone: "bad", id: UNREACHABLE });
    } else location.assign(link.href); // the page itself says what is wrong
    return;
  }
  document.getElementById(UNREACHABLE)?.remove();
  const ask = content.querySelector(".ask-page");
  if (!ask) {
    location.assign(link.href);
    return;
  }
  dialog.replaceChildren(ask);
  dialog.showModal();
  dialog.querySelector("textarea, [data-dismiss]")?.focus();
}

function onClick(event) {
  const dialog = document.getElementById("dialog");
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a[data-dialog]");
  if (link && dialog?.showModal) {
    event.preventDefault();
    open(link);
    return;
  }
  if (event.target.closest("[data-dismiss]") && dialog?.contains(event.target)) {
    event.preventDefault();
    dialog.close();
  } else if (event.target === dialog) {
    dialog.close(); // the shade around it
  }
}

/** What a question said of the job is kept up to date as long as it is asked, and no longer. */
function onClose(event) {
  if (event.target.id === "dialog") event.target.replaceChildren();
}

/** Listen on the document: the buttons are replaced as the job moves. */
export function startDialogs() {
  document.addEventListener("click", onClick);
  document.addEventListener("close", onClose, { capture: true }); // it does not bubble
}
