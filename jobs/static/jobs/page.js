/* Keeps a page as its server would render it now: events say when to look, and its parts are fetched
 * anew, at most about once a second and slower where the server is slow. */

import { Feed } from "./feed.js";
import { fragment, LoggedOut, Refused } from "./fragment.js";
import { morph } from "./morph.js";
import { notice } from "./notices.js";
import { Output } from "./output.js";
import { spanWords } from "./moments.js";
import { lost } from "./reach.js";

const SOON_MS = 60; // events come in bursts
const LEAST_GAP_MS = 800;
const PATIENCE = 8; // the share of time that this page may keep the server busy: an eighth

class Page {
  constructor(root) {
    this.root = root;
    this.feed = new Feed({
      since: Number(root.dataset.seq),
      job: root.dataset.job ? Number(root.dataset.job) : null,
    });
    const pane = document.getElementById("output");
    this.output = pane ? new Output(pane) : null;
    this.label = document.getElementById("live-state");
    this.timer = 0;
    this.isFetching = false;
    this.staleSince = null; // an event came, and what it changed is not on the page yet
    this.restedAt = 0;
    this.gap = LEAST_GAP_MS;
  }

  start() {
    this.feed.addEventListener("event", ({ detail }) => this.onEvent(detail));
    this.feed.addEventListener("caughtup", () => this.onCaughtUp());
    this.feed.addEventListener("state", () => {
      if (this.feed.state === "lost") lost();
      this.show();
    });
    this.feed.addEventListener("end", ({ detail }) => this.onEnd(detail));
    setInterval(() => this.show(), 1000);
    this.show();
    showRunning();
    this.feed.start();
    const every = Number(this.root.dataset.refresh ?? 0);
    // What is true without any event, such as "heard 5 s ago", is asked for now and then.
    if (every) setInterval(() => document.hidden || this.wantRefresh({ isQuiet: true }), every * 1000);
  }

  onEvent(event) {
    document.dispatchEvent(new CustomEvent("podium:event", { detail: event }));
    if (event.event === "sheet.output") this.output?.append(event);
    else this.wantRefresh();
  }

  onCaughtUp() {
    if (this.wasLost) this.wantRefresh();
    this.wasLost = false;
  }

  onEnd(why) {
    if (why === "login") {
      const here = encodeURIComponent(location.pathname + location.search);
      notice("Your session has expired. What you see is as it was then.", {
        tone: "bad",
        id: "session-expired",
        link: { href: `/login/?next=${here}`, text: "Log in again" },
      });
    } else {
      notice("You may no longer see this, or it is gone.", { tone: "bad", id: "no-longer-allowed" });
    }
  }

  wantRefresh({ isQuiet = false } = {}) {
    if (!isQuiet) this.staleSince ??= Date.now();
    if (this.timer || this.isFetching || this.feed.ended) return;
    const wait = Math.max(SOON_MS, this.restedAt + this.gap - Date.now());
    this.timer = setTimeout(() => this.refresh(), wait);
  }

  async refresh() {
    this.timer = 0;
    this.isFetching = true;
    const asked = this.staleSince;
    const began = Date.now();
    this.staleSince = null;
    try {
      const address = whereabouts();
      const fresh = await fragment(address);
      // What the person has turned away from meanwhile is not shown any more, but asked for anew.
      if (address === whereabouts()) this.apply(fresh);
      else this.staleSince ??= asked ?? began;
      this.gap = Math.max(LEAST_GAP_MS, (Date.now() - began) * PATIENCE);
    } catch (error) {
      this.staleSince = asked ?? this.staleSince ?? began;
      if (error instanceof LoggedOut) this.feed.end("login");
      else if (error instanceof Refused) this.feed.end("refused");
      else this.gap = Math.min(30_000, this.gap * 2);
    }
    this.isFetching = false;
    this.restedAt = Date.now();
    if (this.staleSince !== null) this.wantRefresh();
    this.show();
  }

  apply(fresh) {
    const [root, wanted] = [document.querySelector("[data-live]"), fresh.querySelector("[data-live]")];
    if (!root || !wanted) throw new Error("the answer has no live part");
    morph(root, wanted);
    countAttention(fresh.querySelector("[data-attention]")?.dataset.attention);
    document.dispatchEvent(new CustomEvent("podium:refreshed", { detail: fresh }));
  }

  /** Tell a screen reader of a change, once, and not of each second. */
  announce(state) {
    if (state === this.announced || !SAID[state]) return;
    const isFirst = this.announced === undefined;
    this.announced = state;
    const place = document.getElementById("live-announcement");
    if (place && !isFirst) place.textContent = SAID[state];
  }

  /** Say how fresh the page is. */
  show() {
    if (!this.label) return;
    let state = this.feed.state;
    if (state === "lost") this.wasLost = true;
    const since = state === "live" ? this.staleSince : this.feed.heardAt;
    const age = since === null ? 0 : (Date.now() - since) / 1000;
    if (state === "live" && age > 5) state = "lost";
    const words = {
      connecting: "connecting…",
      live: "live",
      lost: `reconnecting… data is ${spanWords(age)} old`,
      ended: `not live, data is ${spanWords(age)} old`,
    }[state];
    document.documentElement.dataset.feed = state; // what turns or counts stands still meanwhile
    if (this.label.dataset.state !== state) this.label.dataset.state = state;
    if (this.label.textContent !== words) this.label.textContent = words;
    this.label.title = HINTS[state];
    this.announce(state);
  }
}

/** The address of what the page shows now; a script that shows something else than its address says so. */
function whereabouts() {
  const address = new URL(location.href);
  document.dispatchEvent(new CustomEvent("podium:whereabouts", { detail: address.searchParams }));
  return address.href;
}

/** The navigation's own number, which belongs to no part of the page. */
function countAttention(count) {
  const place = document.querySelector(".nav-count");
  if (!place || count === undefined || place.textContent === count) return;
  place.textContent = count;
  place.hidden = !count;
}

const SAID = { lost: "Connection lost", live: "Live again", ended: "Not live any more" };
const HINTS = {
  connecting: "Connecting to the server",
  live: "Changes appear by themselves",
  lost: "The connection is lost. Nothing that happens meanwhile will be missing",
  ended: "Changes do not appear any more",
};

/** Scroll a long list of sheets to the one that is under way; the page itself stays. */
function showRunning() {
  const list = document.querySelector(".sheets");
  const running = list?.querySelector('[data-status="in_progress"], [data-status="dispatched"]');
  if (!running || list.scrollHeight <= list.clientHeight) return;
  list.scrollTop = running.offsetTop - list.offsetTop - list.clientHeight / 3;
}

/** Show the open tab where a narrow strip hides it, and at which edges there are more. */
function startTabs() {
  const strip = document.getElementById("job-tabs");
  if (!strip) return;
  const mark = () => {
    const beyond = strip.scrollWidth - strip.clientWidth - strip.scrollLeft;
    strip.classList.toggle("has-before", strip.scrollLeft > 1);
    strip.classList.toggle("has-more", beyond > 1);
  };
  const show = () => {
    const open = strip.querySelector("[aria-current]");
    if (open) {
      const middle = open.offsetLeft - strip.offsetLeft + open.offsetWidth / 2;
      strip.scrollLeft = middle - strip.clientWidth / 2;
    }
    mark();
  };
  strip.addEventListener("scroll", mark, { passive: true });
  document.addEventListener("podium:refreshed", mark); // whose classes are the server's again
  new ResizeObserver(show).observe(strip);
  show();
}

/** Make a page live that asks for it. */
export function startPage() {
  startTabs();
  const root = document.querySelector("[data-live]");
  if (root) new Page(root).start();
}
