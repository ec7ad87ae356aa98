/* Zooms the timeline, lets running bars grow, walks its bars by keyboard and writes its times in the
 * reader's zone. All places are shares of the width, so a wider picture is a larger one. */

import { now } from "../moments.js";
import { ticks, zoneName } from "./ticks.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST = 80;
const PX_PER_TICK = 110;

class Timeline {
  constructor(box) {
    this.box = box;
    this.view = box.querySelector(".time-view");
    this.zoomed = 1;
    this.current = null;
    this.listen();
    this.restore();
    setInterval(() => this.grow(), 1000);
  }

  get svg() {
    return this.box.querySelector("svg.timeline");
  }

  get bars() {
    return [...this.svg.querySelectorAll(".bars a")];
  }

  listen() {
    const card = this.box.closest("section");
    card.addEventListener("click", (event) => {
      const what = event.target.closest("[data-zoom]")?.dataset.zoom;
      if (what === "in") this.zoom(1.6);
      else if (what === "out") this.zoom(1 / 1.6);
      else if (what === "fit") this.zoom(0);
    });
    this.view.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY / 240), event.clientX - this.view.getBoundingClientRect().left);
      },
      { passive: false },
    );
    this.view.addEventListener("keydown", (event) => this.onKey(event));
    this.view.addEventListener("focusin", (event) => {
      const bar = event.target.closest(".bars a");
      if (!bar) return;
      this.current = bar.id;
      this.roam();
    });
    this.view.addEventListener("scroll", () => this.follow(), { passive: true });
    document.addEventListener("podium:refreshed", () => this.restore());
    new ResizeObserver(() => this.mark()).observe(this.view);
  }

  restore() {
    if (!this.svg) return;
    this.widen();
    this.roam();
    this.grow();
    this.mark();
    const zone = document.getElementById("time-zone");
    if (zone) zone.textContent = `Times in your zone, ${zoneName()}`;
  }

  /** The picture and the axis above it are of one width. */
  widen() {
    this.svg.setAttribute("width", `${this.zoomed * 100}%`);
    document.getElementById("time-axis").setAttribute("width", `${this.zoomed * 100}%`);
    this.follow();
  }

  follow() {
    document.getElementById("time-axis").parentElement.scrollLeft = this.view.scrollLeft;
  }

  roam() {
    const bars = this.bars;
    const current = bars.find((bar) => bar.id === this.current) ?? bars[0];
    for (const bar of bars) {
      if (bar === current) bar.removeAttribute("tabindex");
      else if (bar.getAttribute("tabindex") !== "-1") bar.setAttribute("tabindex", "-1");
    }
  }

  /** Larger or smaller around a place of the view; 0 shows all. */
  zoom(factor, at = this.view.clientWidth / 2) {
    const before = this.zoomed;
    this.zoomed = factor ? Math.min(MOST, Math.max(1, before * factor)) : 1;
    this.widen();
    this.view.scrollLeft = ((this.view.scrollLeft + at) * this.zoomed) / before - at;
    this.mark();
  }

  /** Write the marks anew, as many as the width has room for. */
  mark() {
    const place = this.svg?.querySelector(".ticks");
    if (!place) return;
    const start = Date.parse(this.svg.dataset.start);
    const length = Number(this.svg.dataset.seconds) * 1000;
    const most = Math.max(2, Math.floor((this.view.clientWidth * this.zoomed) / PX_PER_TICK));
    const marks = ticks(start, start + length, Math.min(most, 400)).map(({ at, words }) => {
      const share = ((at - start) / length) * 100;
      return { x: `${share.toFixed(3)}%`, words, anchor: anchorAt(share) };
    });
    const axis = document.querySelector("#time-axis .ticks");
    place.replaceChildren(...marks.map(({ x }) => element("line", { x1: x, x2: x, y1: 0, y2: "100%" })));
    axis.replaceChildren(...marks.map(({ x, words, anchor }) => element("text", { x, y: 17, class: anchor }, words)));
    this.follow();
  }

  /** What runs goes on until now. */
  grow() {
    if (!this.svg || document.documentElement.dataset.feed === "lost") return;
    const start = Date.parse(this.svg.dataset.start);
    const length = Number(this.svg.dataset.seconds) * 1000;
    const here = Math.min(100, ((now() - start) / length) * 100);
    const line = this.svg.querySelector(".now");
    if (!line) return;
    for (const name of ["x1", "x2"]) line.setAttribute(name, `${here.toFixed(3)}%`);
    for (const bar of this.svg.querySelectorAll(".bars .is-open rect:not(.tried)")) {
      const width = here - parseFloat(bar.getAttribute("x"));
      if (width > 0.18) bar.setAttribute("width", `${width.toFixed(3)}%`);
    }
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isOnBar = Boolean(document.activeElement.closest?.(".bars a"));
    const actions = {
      "+": () => this.zoom(1.6),
      "=": () => this.zoom(1.6),
      "-": () => this.zoom(1 / 1.6),
      0: () => this.zoom(0),
      ...(isOnBar && {
        ArrowRight: () => this.step(1),
        ArrowDown: () => this.step(1),
        ArrowLeft: () => this.step(-1),
        ArrowUp: () => this.step(-1),
        Home: () => this.bars[0].focus(),
        End: () => this.bars.at(-1).focus(),
      }),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  step(by) {
    const bars = this.bars;
    const at = bars.findIndex((bar) => bar === document.activeElement);
    bars[Math.min(bars.length - 1, Math.max(0, at + by))]?.focus();
  }
}

/** At the edges a word stands beside its mark, or half of it would be cut off. */
function anchorAt(share) {
  if (share < 5) return "at-start";
  return share > 95 ? "at-end" : "";
}

function element(name, attributes, words = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (words) made.textContent = words;
  return made;
}

for (const box of document.querySelectorAll("[data-timeline]")) new Timeline(box);
