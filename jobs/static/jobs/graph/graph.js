/* Moves and zooms the graph of a job's sheets, walks it by keyboard, and lights up what a sheet waits for
 * and what waits for it. The picture itself comes from the server, and its refreshes too. */

import { spanWords, now } from "../moments.js";
import { Camera } from "./camera.js";

const FAR = 0.5; // below it words are too small to be read

/** The numbers in `1-4 7`. */
function* numbers(spans) {
  for (const span of spans.split(" ")) {
    const [first, last] = span.split("-").map(Number);
    for (let number = first; number <= (last ?? first); number += 1) if (number) yield number;
  }
}

const SIZES = { card: [220, 58], chip: [66, 30], range: [118, 46] };

function centre(node) {
  const { e, f } = node.transform.baseVal.consolidate().matrix;
  const [width, height] = SIZES[node.classList[1]];
  return { x: e + width / 2, y: f + height / 2, width, height };
}

/** The one with the least value; none where all are out of the question. */
function least(nodes, value) {
  let [best, lowest] = [null, Infinity];
  for (const node of nodes) {
    const own = value(node);
    if (own < lowest) [best, lowest] = [node, own];
  }
  return best;
}

class Graph {
  constructor(box) {
    this.box = box;
    this.view = box.querySelector(".graph-view");
    this.camera = new Camera(this.view, () => this.svg, () => this.show());
    this.read();
    this.current = this.svg.querySelector('.node:not([tabindex="-1"])')?.id ?? null;
    this.listen();
    this.restore();
    this.camera.begin(this.interesting());
    setInterval(() => this.tick(), 1000);
  }

  get svg() {
    return this.box.querySelector("svg.graph");
  }

  get nodes() {
    return [...this.svg.querySelectorAll(".node")];
  }

  /** Who waits for whom, by the ids of nodes; read once, for it does not change. */
  read() {
    this.before = new Map();
    this.after = new Map();
    this.block = new Map();
    const byNumber = new Map();
    const nodes = this.nodes;
    for (const node of nodes) {
      byNumber.set(Number(node.id.slice(1)), node.id);
      this.block.set(node.id, `b${node.dataset.block}`);
      this.after.set(node.id, new Set());
    }
    for (const node of nodes) {
      const sources = new Set();
      for (const number of numbers(node.dataset.after)) {
        const source = byNumber.get(number);
        if (source) {
          sources.add(source);
          this.after.get(source).add(node.id);
        }
      }
      this.before.set(node.id, sources);
    }
  }

  listen() {
    const { box, view } = this;
    box.addEventListener("click", (event) => this.onButton(event));
    view.addEventListener("keydown", (event) => this.onKey(event));
    view.addEventListener("pointerover", (event) => {
      if (!this.camera.isHeld) this.light(event.target.closest(".node")?.id ?? this.focused());
    });
    view.addEventListener("pointerleave", () => this.light(this.focused()));
    view.addEventListener("focusin", (event) => {
      const node = event.target.closest(".node");
      if (!node) return;
      this.current = node.id;
      this.roam();
      this.light(node.id);
      if (node.matches(":focus-visible")) this.camera.reveal(centre(node));
    });
    view.addEventListener("focusout", () => this.light(null));
    document.addEventListener("podium:refreshed", () => this.restore());
  }

  focused() {
    return document.activeElement?.closest?.(".node")?.id ?? null;
  }

  /** After the page was refreshed: what this script had set in the picture is set again. */
  restore() {
    if (!this.svg) return;
    this.box.classList.add("is-live");
    this.svg.removeAttribute("width");
    this.svg.removeAttribute("height");
    this.camera.apply();
    this.roam();
    this.light(this.lit ?? null);
  }

  /** One place in the picture takes the focus; arrow keys go on from there. */
  roam() {
    for (const node of this.nodes) {
      if (node.id === this.current) node.removeAttribute("tabindex");
      else if (node.getAttribute("tabindex") !== "-1") node.setAttribute("tabindex", "-1");
    }
  }

  show() {
    this.box.classList.toggle("is-far", this.camera.scale < FAR);
    this.light(this.lit ?? null);
  }

  /** What there is to see first where all of it is too small: what failed, or what runs. */
  interesting() {
    for (const tone of ["tone-bad", "tone-run", "tone-warn"]) {
      const node = this.svg.querySelector(`.node.${tone}`);
      if (node) return centre(node);
    }
    return null;
  }

  reach(id, ways) {
    const found = new Set();
    const open = [id];
    while (open.length) {
      for (const next of ways.get(open.pop()) ?? []) {
        if (!found.has(next)) {
          found.add(next);
          open.push(next);
        }
      }
    }
    return found;
  }

  light(id) {
    this.lit = id;
    const svg = this.svg;
    const has = id !== null && this.before.has(id);
    svg.classList.toggle("is-lit", has);
    if (!has) {
      for (const marked of svg.querySelectorAll(".is-lit, .is-centre")) marked.classList.remove("is-lit", "is-centre");
      return;
    }
    const back = this.reach(id, this.before).add(id);
    const forth = this.reach(id, this.after).add(id);
    const blocks = (set) => new Set([...set].map((node) => this.block.get(node)));
    const sides = [back, forth].map((set) => [set, blocks(set)]);
    for (const node of this.nodes) {
      node.classList.toggle("is-lit", back.has(node.id) || forth.has(node.id));
      node.classList.toggle("is-centre", node.id === id);
    }
    for (const edge of svg.querySelectorAll(".edge")) {
      const { from, to } = edge.dataset;
      const ends = from[0] === "b" ? 1 : 0;
      edge.classList.toggle("is-lit", sides.some((side) => side[ends].has(from) && side[ends].has(to)));
    }
  }

  onButton(event) {
    const what = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (what === "in") this.camera.zoom(1.4);
    else if (what === "out") this.camera.zoom(1 / 1.4);
    else if (what === "fit") this.camera.fit();
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions = {
      "+": () => this.camera.zoom(1.4),
      "=": () => this.camera.zoom(1.4),
      "-": () => this.camera.zoom(1 / 1.4),
      0: () => this.camera.fit(),
      ArrowRight: () => this.step(1, 0),
      ArrowLeft: () => this.step(-1, 0),
      ArrowDown: () => this.step(0, 1),
      ArrowUp: () => this.step(0, -1),
      Home: () => this.focus(this.nodes[0]),
      End: () => this.focus(this.nodes.at(-1)),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  focus(node) {
    node?.focus({ preventScroll: true });
  }

  /** Down and up along the lines, sideways to what stands there; within a frame to the next cell. */
  step(dx, dy) {
    const here = document.getElementById(this.focused() ?? this.current);
    if (!here) return;
    const from = centre(here);
    const ahead = (node) => {
      const to = centre(node);
      const [x, y] = [to.x - from.x, to.y - from.y];
      const along = dx ? x * dx : y * dy;
      return along > 1 ? along + 3 * Math.abs(dx ? y : x) : Infinity;
    };
    const away = (node) => Math.hypot(centre(node).x - from.x, centre(node).y - from.y);
    const level = (node) => !dx || Math.abs(centre(node).y - from.y) < from.height;
    const nodes = this.nodes.filter((node) => node !== here);
    const inside = nodes.filter((node) => node.dataset.block === here.dataset.block && level(node));
    const linked = [...((dy > 0 ? this.after : this.before).get(here.id) ?? [])].map((id) => document.getElementById(id));
    const wanted = least(inside, ahead) ?? (dy ? least(linked, away) : least(nodes.filter(level), ahead));
    this.focus(wanted);
  }

  tick() {
    if (document.documentElement.dataset.feed === "lost") return;
    for (const clock of this.svg?.querySelectorAll("[data-since]") ?? []) {
      const words = spanWords((now() - Date.parse(clock.dataset.since)) / 1000);
      if (clock.textContent !== words) clock.textContent = words;
    }
  }
}

/** Take up the pictures of a page, or of a part that was fetched later. */
export function startGraphs(root = document) {
  for (const box of root.querySelectorAll("[data-graph]:not(.is-live)")) new Graph(box);
}

startGraphs();
