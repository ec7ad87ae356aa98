/* Whether the console can be reached. Before a form leaves the page it is asked, unless it has just answered:
 * what a browser shows in the place of an answer has no way back to what was written. */

const DEADLINE_MS = 3_000;
const FRESH_MS = 2_000;

let answeredAt = 0;

/** The console has answered something just now. */
export function heard() {
  answeredAt = Date.now();
}

/** The connection broke: what was answered before says nothing any more. */
export function lost() {
  answeredAt = 0;
}

/** It is known without asking. */
export function isInReach() {
  return document.documentElement.dataset.feed === "live" || Date.now() - answeredAt < FRESH_MS;
}

/** Ask for next to nothing. */
export async function comesIntoReach() {
  try {
    const response = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(DEADLINE_MS) });
    if (response.ok) heard(); // a proxy before it may answer that there is nobody
  } catch {
    return false;
  }
  return isInReach();
}
