/* Parts of a page that take their time, such as what a conductor is asked for: each is fetched after the
 * page stands, says that it waits, and can fail alone. Without a script it is a link to the same. */

import { fragment, LoggedOut, Refused } from "./fragment.js";
import { morph } from "./morph.js";

const SLOW_MS = 2_000;
const TICK_MS = 1_000;

const askedAt = new WeakMap(); // by part

function words(part, error) {
  if (error instanceof LoggedOut) return "Your session has expired.";
  if (error instanceof Refused) return "You may not see this, or it is gone.";
  if (part.dataset.failed) return part.dataset.failed;
  if (error.name === "TimeoutError") return "No answer within 20 s.";
  return "This part could not be loaded.";
}

function said(part, state, text) {
  part.dataset.state = state;
  part.setAttribute("aria-busy", String(state === "waiting"));
  const line = document.createElement("p");
  line.className = "part-state quiet";
  line.textContent = text;
  if (state === "failed" && !part.dataset.failed) {
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button small";
    again.textContent = "Try again";
    again.addEventListener("click", () => load(part));
    line.append(" ", again);
  }
  return line;
}

/** Fetch a part; what it showed before stays until there is something newer. */
async function load(part) {
  if (part.dataset.state === "waiting") return;
  askedAt.set(part, Date.now());
  const wasFilled = "filled" in part.dataset;
  part.dataset.morph = "keep"; // the page's own refresh leaves it alone
  const waiting = said(part, "waiting", part.dataset.waiting ?? "Asking the conductor…");
  if (!wasFilled) part.replaceChildren(waiting);
  const slow = setTimeout(() => {
    waiting.textContent += " It takes its time.";
  }, SLOW_MS);
  try {
    const fresh = await fragment(part.dataset.part);
    const wanted = part.cloneNode(false);
    wanted.append(...fresh.body.childNodes);
    delete part.dataset.morph;
    wanted.removeAttribute("data-morph");
    morph(part, wanted);
    part.dataset.state = "filled";
    part.dataset.filled = "";
  } catch (error) {
    const failed = said(part, "failed", words(part, error));
    if (wasFilled) {
      part.querySelector(":scope > .part-state")?.remove();
      part.prepend(failed);
    } else part.replaceChildren(failed);
  } finally {
    clearTimeout(slow);
    part.dataset.morph = "keep";
    part.setAttribute("aria-busy", "false");
  }
}

const isFolded = (part) => part.closest("details:not([open])") !== null;

function loadNew() {
  for (const part of document.querySelectorAll("[data-part]:not([data-state])")) {
    if (!isFolded(part)) load(part); // what nobody unfolds is not asked for
  }
}

/** Load those again whose time has come: a refresh may have brought some, and taken others away. */
function repeat() {
  if (document.hidden) return;
  for (const part of document.querySelectorAll("[data-part][data-every]")) {
    const everyMs = Number(part.dataset.every) * 1000;
    if (!isFolded(part) && Date.now() - (askedAt.get(part) ?? 0) >= everyMs) load(part);
  }
}

/** Load the parts of this page, and those that a refresh brings; repeat those that ask for it. */
export function startParts() {
  loadNew();
  document.addEventListener("podium:refreshed", loadNew);
  document.addEventListener("toggle", loadNew, { capture: true }); // it does not bubble
  setInterval(repeat, TICK_MS);
}
