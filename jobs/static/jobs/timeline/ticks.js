/* Marks along a line of time, at moments that are round where the reader is. */

// The same as in `ticks.py`.
const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600,
  2592000,
];
const DAY = 86400;

/** At most `most` marks between two moments (milliseconds), as `{at, words}`. */
export function ticks(start, end, most) {
  const span = Math.max(1, (end - start) / 1000);
  let step = STEPS.find((candidate) => span / candidate <= most) ?? STEPS.at(-1);
  step *= Math.max(1, Math.ceil(Math.floor(span / step) / most));
  const offset = new Date(start).getTimezoneOffset() * 60; // seconds behind UTC
  let at = Math.ceil((start / 1000 - offset) / step) * step + offset;
  const found = [];
  for (; at * 1000 <= end; at += step) found.push({ at: at * 1000, words: words(new Date(at * 1000), step) });
  return found;
}

function words(at, step) {
  const isMidnight = at.getHours() === 0 && at.getMinutes() === 0 && at.getSeconds() === 0;
  if (step >= DAY || (isMidnight && step >= 60)) {
    return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" }).format(at);
  }
  const parts = { hour: "2-digit", minute: "2-digit", ...(step < 60 && { second: "2-digit" }) };
  return new Intl.DateTimeFormat("en-GB", parts).format(at);
}

/** What the reader's zone is called. */
export function zoneName() {
  return new Intl.DateTimeFormat("en-GB").resolvedOptions().timeZone;
}
