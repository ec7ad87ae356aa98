/* Relative times and running clocks, in the same words as `durations.py` writes them. */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const LONG_AGO = 30 * DAY;

/** How far the server's clock is ahead of this machine's, in milliseconds. */
let ahead = 0;

/** The server's time, as far as this machine can tell. */
export function now() {
  return Date.now() + ahead;
}

/** Whole seconds in at most two units. */
export function spanWords(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${two(whole % MINUTE)} s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${two(Math.floor((whole % HOUR) / MINUTE))} min`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
}

/** How long ago a moment was. */
export function agoWords(at, current = now()) {
  const seconds = Math.floor((current - at) / 1000);
  if (seconds < -1) return `in ${oneUnit(-seconds)}`;
  if (seconds < 5) return "just now";
  if (seconds >= LONG_AGO) {
    const parts = { day: "numeric", month: "short", year: "numeric" };
    return new Intl.DateTimeFormat("en-GB", parts).format(at);
  }
  return `${oneUnit(seconds)} ago`;
}

function oneUnit(seconds) {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  const days = Math.floor(seconds / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

/** Write every time on the page anew. */
export function tick() {
  const current = now();
  for (const time of document.querySelectorAll("time[data-elapsed], time[data-relative]")) {
    const at = Date.parse(time.dateTime);
    if (Number.isNaN(at)) continue;
    const words = "elapsed" in time.dataset ? spanWords((current - at) / 1000) : agoWords(at, current);
    if (time.textContent !== words) time.textContent = words;
  }
}

/** Tell the exact moment in the reader's own zone, and in UTC, when it is asked for. */
function localise(event) {
  const time = event.target.closest?.("time[datetime]");
  if (!time || "local" in time.dataset) return;
  const at = Date.parse(time.dateTime);
  if (Number.isNaN(at)) return;
  time.dataset.local = "";
  const words = (zone) =>
    new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long", ...zone }).format(at);
  const [here, there] = [words({}), words({ timeZone: "UTC" })];
  const prefix = "elapsed" in time.dataset ? "since " : "";
  time.title = prefix + (here === there ? here : `${here}\n${there}`);
}

/** Let the server write times in the reader's zone from the next page on. */
function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || document.cookie.split("; ").includes(`podium_zone=${zone}`)) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `podium_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

/** Count on, once a second. */
export function startMoments() {
  const told = Date.parse(document.querySelector('meta[name="podium-now"]')?.content ?? "");
  if (!Number.isNaN(told)) {
    const skew = told - Date.now();
    // A page takes a moment to arrive; only a clock that is plainly wrong is corrected.
    if (Math.abs(skew) > 5000) ahead = skew;
  }
  tellZone();
  tick();
  setInterval(tick, 1000);
  document.addEventListener("mouseover", localise, { passive: true });
  document.addEventListener("podium:refreshed", tick);
}
