/* The log: a pane that holds some hundred lines of a file of any length. Near an end of what it holds
 * the next window is fetched, and what is far away on the other side is let go. */

import { LoggedOut, Refused } from "../fragment.js";
import { morph } from "../morph.js";
import { startKeys } from "./keys.js";
import { Matches } from "./matches.js";
import { Pane } from "./pane.js";
import { Place } from "./place.js";
import { Busy, rowsOf, WAITING, Windows } from "./windows.js";

const MOST_ROWS = 1_000;
const POLL_MS = 2_000; // for what no event tells of
const LEAST_GAP_MS = 300;

class Log {
  constructor(view) {
    this.view = view;
    this.pane = new Pane();
    this.form = document.getElementById("log-form");
    this.query = document.getElementById("log-query");
    this.place = new Place((offset) => this.goto(offset === null ? {} : { from: offset }, { end: offset === null }));
    this.found = document.getElementById("log-found");
    const data = view.dataset;
    this.windows = new Windows(view, () => this.wish());
    this.matches = new Matches(this.windows, () => this.showFound());
    this.at = null; // the match that one stands at
    this.isFollowing = false;
    this.isGrowing = "growing" in data;
    this.isBusy = false;
    this.polledAt = 0;
    this.timer = 0;
    this.counting = 0; // until a line that is looked for may be counted
    this.visit = 0; // one more each time one goes elsewhere
    this.isStale = data.state === "busy"; // the rows are not those of the filter as it is now
    this.asking = null;
    this.take({
      state: data.state,
      start: Number(data.start),
      end: Number(data.end),
      next: Number(data.next),
      size: Number(data.size),
      identity: data.identity,
      witness: data.witness,
    });
    this.first = data.first ? Number(data.first) : null;
    this.last = data.last ? Number(data.last) : 0;
    this.hasEarlier = "hasEarlier" in data;
  }

  get isAll() {
    return this.windows.sheet === "all";
  }

  begin() {
    for (const id of ["log-buttons", "log-keys"]) document.getElementById(id).hidden = false;
    document.getElementById("log-foot").hidden = this.isAll;
    document.getElementById("log-go").hidden = true;
    this.wrap(readWrap());
    this.listen();
    if (this.query.value) this.lookUp();
    const line = this.lineOfAddress();
    const at = new URLSearchParams(location.search).get("at");
    if (this.pane.target) this.toRow(this.pane.target);
    else if (line) this.toLine(line);
    else if (at === null) this.follow(true);
    else if (this.isStale) this.goto({ at });
    this.showPlace();
  }

  listen() {
    this.pane.box.addEventListener("scroll", () => this.onScroll(), { passive: true });
    this.pane.rows.addEventListener("click", (event) => this.onClick(event));
    this.form.addEventListener("submit", (event) => this.onSubmit(event));
    this.form.addEventListener("change", (event) => this.onChange(event));
    const pressed = {
      "log-follow": () => this.follow(!this.isFollowing),
      "log-wrap": () => this.wrap(!this.isWrapped),
      "log-next": () => this.toMatch(1),
      "log-previous": () => this.toMatch(-1),
    };
    for (const [id, act] of Object.entries(pressed)) document.getElementById(id).addEventListener("click", act);
    window.addEventListener("hashchange", () => {
      const line = this.lineOfAddress();
      if (line) this.toLine(line);
    });
    document.addEventListener("podium:event", ({ detail }) => this.onEvent(detail));
    document.addEventListener("podium:refreshed", ({ detail }) => this.onRefreshed(detail));
    document.addEventListener("podium:whereabouts", ({ detail }) => this.say(detail));
    document.addEventListener("visibilitychange", () => this.wantMore());
    setInterval(() => Date.now() - this.polledAt > POLL_MS && this.wantMore(), 1000);
    startKeys(this.pane.box, {
      beginning: () => this.goto({ from: 0 }),
      end: () => this.follow(true, { jump: true }),
      search: () => {
        this.query.focus();
        this.query.select();
      },
      match: (step) => this.toMatch(step),
      follow: () => this.follow(!this.isFollowing),
      wrap: () => this.wrap(!this.isWrapped),
    });
  }

  /** What every question says: what is searched for and which lines are wanted. */
  wish() {
    const form = new FormData(this.form);
    form.delete("sheet");
    if (!form.get("q")) for (const name of ["q", "only", "case", "regex"]) form.delete(name);
    return form;
  }

  /** Remember where in the file the pane stands. */
  take(answer) {
    for (const name of ["state", "start", "end", "next", "size", "identity", "witness"]) {
      if (answer[name] !== undefined) this[name] = answer[name];
    }
    if (!this.isAll) this.hasEarlier = this.start > 0;
  }

  // --- windows ---

  async ask(place) {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.isBusy = true;
    this.view.setAttribute("aria-busy", "true");
    let hasWaited = false;
    const onBusy = () => {
      hasWaited = true;
      this.note(WAITING);
    };
    try {
      const answer = await this.windows.window(place, asking.signal, onBusy);
      if (asking.signal.aborted) return null;
      if (hasWaited) this.tell(answer);
      return answer;
    } catch (error) {
      if (error instanceof Busy && !asking.signal.aborted) return { state: "not_searched", fault: error.message };
      if (error instanceof LoggedOut || error instanceof Refused) this.isGrowing = false;
      else if (!asking.signal.aborted) this.note("The server does not answer. Trying again …");
      return null;
    } finally {
      if (this.asking === asking) {
        this.isBusy = false;
        this.asking = null;
        this.view.removeAttribute("aria-busy");
      }
    }
  }

  /** Show another part of the log instead, unless one goes elsewhere meanwhile. */
  async goto(place, { end = false, offset = null } = {}) {
    this.follow(end, { quiet: true });
    this.visit += 1;
    const { visit } = this;
    const answer = await this.ask(this.isAll ? {} : place);
    if (!answer || visit !== this.visit) return null;
    this.tell(answer);
    if (answer.html === undefined) {
      if (this.isStale) this.pane.replace([]); // they would pass for what the filter leaves
      return null;
    }
    if (answer.is_waiting && !this.isStale) return answer; // what is shown stays until the line is counted
    this.isStale = false;
    this.pane.replace(rowsOf(answer.html));
    if (this.isAll) this.takeAll(answer, { isFresh: true });
    else this.take(answer);
    if (end) this.pane.toEnd();
    else this.pane.toStart();
    const row = offset === null ? null : this.pane.at(offset);
    if (row) this.toRow(row);
    this.showPlace();
    if (!end) this.fillUp();
    return answer;
  }

  /** What an answer says beside its rows. */
  tell(answer) {
    this.note([answer.fault, answer.changed_words || answer.words].filter(Boolean).join(" "));
  }

  /** Whether an answer is of something else than what the pane holds, such as another file. */
  isOther(answer) {
    return !this.isAll && (Boolean(answer.changed) || answer.state !== this.state);
  }

  showAnew(answer) {
    this.tell(answer);
    this.pane.replace(rowsOf(answer.html));
    this.take(answer);
    this.pane.toEnd();
    this.showPlace();
    if (this.matches.isActive) this.matches.start();
  }

  takeAll(answer, { isFresh = false } = {}) {
    if (answer.first !== null && (isFresh || answer.first < this.first || this.first === null)) {
      this.first = answer.first;
      this.hasEarlier = answer.has_earlier;
    }
    if (answer.last !== null && (isFresh || answer.last > this.last)) this.last = answer.last;
  }

  async earlier() {
    if (this.isBusy || this.isStale || !this.hasEarlier) return;
    const answer = await this.ask(this.isAll ? { before: this.first } : { to: this.start, identity: this.identity });
    if (!answer || answer.html === undefined) return;
    if (this.isOther(answer)) {
      this.showAnew(answer);
      return;
    }
    this.pane.prepend(rowsOf(answer.html));
    if (this.isAll) {
      this.first = answer.first ?? this.first;
      this.hasEarlier = answer.first !== null && answer.has_earlier;
    } else {
      this.start = answer.start;
      this.hasEarlier = this.start > 0;
    }
    this.letGoOfEnd();
    this.showPlace();
    this.fillUp();
  }

  get hasLater() {
    return this.isAll ? false : this.end < this.size;
  }

  async later() {
    if (this.isBusy || this.isStale || !this.hasLater) return;
    await this.more();
    this.fillUp();
  }

  /** What follows what the pane holds: the next part, or what was written since. */
  async more() {
    if (this.isStale) {
      this.polledAt = Date.now();
      await this.reload();
      return;
    }
    const isAtEnd = !this.hasLater;
    const place = this.isAll
      ? { after: this.last }
      : { from: this.next, identity: this.identity, seen: this.witness, known: isAtEnd ? this.size : null };
    this.polledAt = Date.now();
    const answer = await this.ask(place);
    if (!answer || answer.state === "same") return;
    if (answer.html === undefined) {
      this.tell(answer);
      return;
    }
    if (this.isOther(answer)) {
      this.showAnew(answer);
    } else if (this.isAll) {
      this.pane.append(rowsOf(answer.html));
      this.takeAll(answer);
      if (answer.has_later) setTimeout(() => this.wantMore(), LEAST_GAP_MS);
    } else {
      this.pane.removeOpen();
      this.pane.append(rowsOf(answer.html));
      const start = this.start;
      this.take(answer);
      this.start = start;
      this.hasEarlier = start > 0;
      if (isAtEnd && this.matches.isActive) this.matches.goOn();
      this.tell(answer);
    }
    this.letGoOfStart();
    if (this.isFollowing) this.pane.toEnd();
    this.showPlace();
    if (this.isFollowing && this.hasLater) await this.more();
  }

  /** Let rows go that are far from what is shown. */
  letGoOfStart() {
    if (!this.pane.keepLast(MOST_ROWS)) return;
    this.hasEarlier = !this.isAll; // events are not told per row: begin anew with G
    if (!this.isAll) this.start = Number(this.pane.first.dataset.offset);
  }

  letGoOfEnd() {
    if (this.isAll || !this.pane.keepFirst(MOST_ROWS)) return;
    this.end = this.next = Number(this.pane.last.dataset.end);
    this.witness = "";
  }

  /** A pane that is not full gets more, also where a filter leaves little. */
  fillUp() {
    if (this.isBusy) return;
    if (this.isStale) {
      if (this.pane.first) this.reload(); // an answer did not come
    } else if (this.hasLater && this.pane.isNearEnd) this.later();
    else if (this.hasEarlier && this.pane.isNearStart) this.earlier();
  }

  // --- following ---

  onEvent(event) {
    if (event.event !== "sheet.output" && event.event !== "sheet.started") return;
    if (!this.isAll && String(event.sheet) !== this.windows.sheet) return;
    this.wantMore();
  }

  /** Put in the page's address which sheet the pane shows. Whoever has named none and follows goes on to the next. */
  say(query) {
    if (!query.has("sheet")) query.set(this.isFollowing ? "followed" : "sheet", this.windows.sheet);
  }

  onRefreshed(fresh) {
    const { sheet } = document.getElementById("log-card").dataset;
    if (sheet !== this.windows.sheet) this.moveOn(sheet);
    this.showChoices(fresh);
    const root = document.querySelector("[data-live]");
    if (root?.dataset.refresh) this.isGrowing = true; // also of a job that was resumed
    else if (this.isGrowing) {
      this.wantMore(); // the last lines
      setTimeout(() => (this.isGrowing = false), 2 * POLL_MS);
    }
  }

  /** Show the sheet that the heading names now. */
  moveOn(sheet) {
    this.windows.sheet = sheet;
    this.isStale = true;
    this.pane.replace([]); // at once: no line stands under another sheet's name
    this.take({ start: 0, end: 0, next: 0, size: 0, identity: "", witness: "" });
    [this.first, this.last] = [null, 0];
    document.getElementById("log-foot").hidden = this.isAll;
    document.getElementById("log-attempts").hidden = true; // they are of the sheet before
    this.showDownload();
    this.lookUp();
    this.goto({}, { end: true });
  }

  /** The choice of a sheet, with the statuses that they have now. What is being written stays. */
  showChoices(fresh) {
    const [choice, wanted] = [document, fresh].map((page) => page.getElementById("log-sheet"));
    if (choice.nodeName !== wanted?.nodeName) return;
    if (choice.nodeName === "SELECT") morph(choice, wanted);
    else if (choice === document.activeElement) return;
    choice.value = this.windows.sheet;
  }

  /** Look for what was written since: only while one follows and can see it. */
  wantMore() {
    if (!this.isFollowing || !this.isGrowing || document.hidden || this.timer) return;
    const wait = Math.max(0, this.polledAt + LEAST_GAP_MS - Date.now());
    this.timer = setTimeout(async () => {
      this.timer = 0;
      if (this.isBusy) this.timer = setTimeout(() => ((this.timer = 0), this.wantMore()), LEAST_GAP_MS);
      else await this.more();
    }, wait);
  }

  follow(wanted, { jump = false, quiet = false } = {}) {
    clearTimeout(this.counting);
    this.isFollowing = wanted;
    const button = document.getElementById("log-follow");
    button.setAttribute("aria-pressed", String(wanted));
    button.textContent = wanted ? "Following" : "Follow";
    if (!wanted || quiet) return;
    this.visit += 1;
    if (this.hasLater || this.isStale || (this.isAll && jump)) this.goto({}, { end: true });
    else this.pane.toEnd();
    this.wantMore();
  }

  onScroll() {
    if (this.isFollowing && !this.isAtEnd && !this.isBusy) this.follow(false);
    if (!this.frame) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.showPlace();
        if (!this.isFollowing) this.fillUp();
        else if (this.pane.isNearStart && this.hasEarlier) this.earlier().then(() => this.isFollowing && this.pane.toEnd());
      });
    }
  }

  // --- the place in the file ---

  /** The end of the file is seen. */
  get isAtEnd() {
    return !this.hasLater && this.pane.isAtEnd;
  }

  showPlace() {
    if (this.isAll) return;
    const top = this.pane.firstSeen();
    this.place.show(this.isAtEnd ? this.size : top ? Number(top.dataset.offset) : this.start, this.size);
  }

  toRow(row) {
    this.visit += 1;
    this.follow(false);
    this.pane.show(row);
  }

  // --- lines that have an address ---

  lineOfAddress() {
    const inHash = /^#L(\d{1,15})$/.exec(location.hash);
    return inHash ? Number(inHash[1]) : null;
  }

  onClick(event) {
    const link = event.target.closest("a.log-number");
    if (!link || this.isAll || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, "", link.href);
    this.pane.point(link.parentElement);
    this.visit += 1;
    this.follow(false);
    if (this.isStale) this.toLine(this.lineOfAddress());
  }

  async toLine(line) {
    if (this.isAll) return;
    if (this.isStale || !this.pane.line(line)) {
      const answer = await this.goto({ line });
      if (!answer) return;
      if (answer.is_waiting) {
        this.counting = setTimeout(() => this.toLine(line), LEAST_GAP_MS);
        return;
      }
    }
    const row = this.pane.line(line);
    if (!row) return;
    this.pane.point(row);
    this.toRow(row);
  }

  // --- search and filter ---

  onSubmit(event) {
    event.preventDefault();
    this.lookUp();
    this.reload();
    this.keepAddress();
    this.pane.box.focus();
  }

  onChange(event) {
    if (event.target.name === "sheet") {
      const query = new URLSearchParams(this.wish());
      query.set("sheet", event.target.value);
      location.search = String(query);
    } else if (event.target !== this.query) {
      this.lookUp();
      this.reload();
      this.keepAddress();
    }
  }

  /** The same place with the filter as it is now. */
  async reload() {
    this.isStale = true;
    const top = this.pane.firstSeen();
    if (this.isFollowing || !top) await this.goto({}, { end: true });
    else await this.goto({ from: Number(top.dataset.offset) });
  }

  keepAddress() {
    history.replaceState(null, "", `${location.pathname}?${this.showDownload()}`);
  }

  /** Offer what the filter leaves of the sheet; returns the query that says so. */
  showDownload() {
    const query = new URLSearchParams(this.wish());
    query.set("sheet", this.windows.sheet);
    const link = document.getElementById("log-download-filtered");
    const isFiltered = query.has("q") || query.has("level");
    link.hidden = !isFiltered;
    if (isFiltered) link.href = this.view.dataset.url.replace(/window\/$/, `download/?${query}`);
    return query;
  }

  async lookUp() {
    this.at = null;
    if (this.isAll || !this.query.value) {
      this.matches.clear();
      this.showFound();
      return;
    }
    await this.matches.start();
  }

  async toMatch(step) {
    const top = this.pane.firstSeen();
    const from = this.at ?? (top ? Number(top.dataset.offset) - (step > 0 ? 1 : 0) : this.start);
    const offset = this.matches.from(from, step);
    if (offset === null) return;
    this.at = offset;
    this.follow(false);
    const row = this.isStale ? null : this.pane.at(offset);
    if (row) this.toRow(row);
    else await this.goto({ at: offset }, { offset });
    this.pane.mark(this.pane.at(offset), "is-at");
    this.showFound();
  }

  showFound() {
    this.found.textContent = this.matches.words(this.at);
    const has = this.matches.offsets.length > 0;
    document.getElementById("log-next").hidden = document.getElementById("log-previous").hidden = !has;
  }

  // --- looks ---

  wrap(wanted) {
    this.isWrapped = wanted;
    const top = this.pane.firstSeen();
    this.view.classList.toggle("is-wrapped", wanted);
    document.getElementById("log-wrap").setAttribute("aria-pressed", String(wanted));
    keepWrap(wanted);
    if (this.isFollowing) this.pane.toEnd();
    else if (top) this.pane.showFirst(top);
  }

  note(words) {
    const place = document.getElementById("log-notes");
    if ((place.textContent || "").trim() === (words || "")) return;
    if (!words) {
      place.replaceChildren();
      return;
    }
    const note = document.createElement("p");
    note.className = "note plain";
    note.dataset.testid = "log-words";
    note.textContent = words;
    place.replaceChildren(note);
  }
}

function readWrap() {
  try {
    return localStorage.getItem("podium-log-wrap") !== "no";
  } catch {
    return true;
  }
}

function keepWrap(wanted) {
  try {
    localStorage.setItem("podium-log-wrap", wanted ? "yes" : "no");
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

const view = document.getElementById("log-view");
if (view) {
  document.documentElement.classList.add("has-script");
  new Log(view).begin();
}
