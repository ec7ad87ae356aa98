/* Parts of a page, fetched without the frame around them. */

import { heard, lost } from "./reach.js";

/** The person is no longer logged in. */
export class LoggedOut extends Error {}

/** The person may not see this any more, or it is gone. */
export class Refused extends Error {}

const DEADLINE_MS = 20_000;
const PROXY_ALONE = new Set([502, 504]);

/** What an address answers to a script. Throws `LoggedOut`, `Refused`, or an error with the answer's `status`. */
export async function answered(url, { deadlineMs = DEADLINE_MS, signal, ...options } = {}) {
  const deadline = AbortSignal.timeout(deadlineMs);
  const response = await fetch(url, {
    credentials: "same-origin",
    redirect: "manual", // a redirect leads to the login
    ...options,
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    headers: { "X-Podium-Live": "1", ...options.headers },
  }).catch((error) => {
    if (!signal?.aborted) lost();
    throw error;
  });
  if (!PROXY_ALONE.has(response.status)) heard();
  if (response.type === "opaqueredirect" || response.status === 401) throw new LoggedOut();
  if (response.status === 403 || response.status === 404) throw new Refused();
  if (!response.ok) throw Object.assign(new Error(`answered ${response.status}`), { status: response.status });
  return response;
}

/** Whether it was an error of the way to the console: the console itself has said nothing. */
export function isOutOfReach(error) {
  if (error instanceof LoggedOut || error instanceof Refused) return false;
  return error.status === undefined || PROXY_ALONE.has(error.status);
}

/** The document that an address answers to a script with. */
export async function fragment(url, options) {
  const response = await answered(url, options);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}
