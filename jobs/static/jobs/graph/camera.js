/* Which part of a picture is seen, and how large: moved by pointer, wheel and fingers. */

const MOST = 2.5;
const LEAST = 0.04;
const READABLE = 0.5; // a picture that must be smaller to be seen whole begins at this size
const MOST_PX = 1000; // a taller picture is seen through a window of this height
const CLICK_PX = 5; // a pointer that moves less than this has clicked

export class Camera {
  /** `picture` gives the svg, which may be another one after a refresh; `changed` is told. */
  constructor(view, picture, changed) {
    this.view = view;
    this.picture = picture;
    this.changed = changed;
    this.scale = 1;
    this.x = 0; // of the picture, at the left edge of what is seen
    this.y = 0;
    this.pointers = new Map();
    this.isHeld = false;
    this.listen();
  }

  get size() {
    const svg = this.picture();
    return { width: Number(svg.dataset.width), height: Number(svg.dataset.height) };
  }

  get seen() {
    return { width: this.view.clientWidth || 1, height: this.view.clientHeight || 1 };
  }

  /** The first look: all of it, or where it would be too small, a place of interest. */
  begin(place) {
    const { width, height } = this.size;
    const most = Math.max(MOST_PX, window.innerHeight * 0.72);
    const scale = Math.max(READABLE, Math.min(1, this.seen.width / width));
    this.view.style.height = `${Math.round(Math.min(most, Math.max(220, height * scale + 8)))}px`;
    this.height = this.view.style.height;
    const fitting = this.fitting();
    if (fitting >= READABLE) return this.fit();
    this.scale = READABLE;
    const at = place ?? { x: this.seen.width / 2 / READABLE, y: height / 2 };
    this.x = at.x - this.seen.width / 2 / this.scale;
    this.y = at.y - this.seen.height / 2 / this.scale;
    return this.settle();
  }

  fitting() {
    const { width, height } = this.size;
    return Math.min(1, this.seen.width / width, this.seen.height / height);
  }

  fit() {
    this.scale = Math.max(LEAST, this.fitting());
    this.settle();
  }

  /** Larger or smaller, around a point of the view, or its middle. */
  zoom(factor, at = { x: this.seen.width / 2, y: this.seen.height / 2 }) {
    const least = Math.min(LEAST, this.fitting());
    const scale = Math.min(MOST, Math.max(least, this.scale * factor));
    this.x += at.x / this.scale - at.x / scale;
    this.y += at.y / this.scale - at.y / scale;
    this.scale = scale;
    this.settle();
  }

  /** Move so that a box of the picture is seen. */
  reveal({ x, y, width, height }) {
    const [w, h] = [this.seen.width / this.scale, this.seen.height / this.scale];
    const margin = 24 / this.scale;
    const inside = (at, half, from, span) => {
      if (at - half - margin < from) return at - half - margin;
      if (at + half + margin > from + span) return at + half + margin - span;
      return from;
    };
    this.x = inside(x, width / 2, this.x, w);
    this.y = inside(y, height / 2, this.y, h);
    this.settle();
  }

  /** Keep the picture within its place: in the middle where there is room, else without a void. */
  settle() {
    const { width, height } = this.size;
    const within = (at, size, span) => (size <= span ? (size - span) / 2 : Math.min(size - span, Math.max(0, at)));
    this.x = within(this.x, width, this.seen.width / this.scale);
    this.y = within(this.y, height, this.seen.height / this.scale);
    this.apply();
    this.changed();
  }

  apply() {
    if (this.height) this.view.style.height = this.height;
    const { width, height } = this.seen;
    const box = [this.x, this.y, width / this.scale, height / this.scale];
    this.picture().setAttribute("viewBox", box.map((value) => value.toFixed(2)).join(" "));
  }

  listen() {
    const { view } = this;
    view.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    view.addEventListener("pointerdown", (event) => this.onDown(event));
    view.addEventListener("pointermove", (event) => this.onMove(event));
    for (const name of ["pointerup", "pointercancel"]) view.addEventListener(name, (event) => this.onUp(event));
    view.addEventListener("click", (event) => this.onClick(event), { capture: true });
    view.addEventListener("dragstart", (event) => event.preventDefault());
    new ResizeObserver(() => this.settle()).observe(view);
  }

  at(event) {
    const { left, top } = this.view.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  /** With Ctrl (as touchpads send a pinch) it zooms; sideways it moves; else the page scrolls. */
  onWheel(event) {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 240), this.at(event));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.x += (event.deltaX || event.deltaY) / this.scale;
      this.settle();
    }
  }

  onDown(event) {
    if (event.button !== 0) return;
    this.pointers.set(event.pointerId, this.at(event));
    this.moved = 0;
  }

  onMove(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const here = this.at(event);
    const [dx, dy] = [here.x - before.x, here.y - before.y];
    this.moved += Math.abs(dx) + Math.abs(dy);
    if (this.moved > CLICK_PX && !this.isHeld) {
      this.isHeld = true;
      this.view.setPointerCapture(event.pointerId);
      this.view.parentElement.classList.add("is-held");
    }
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    this.pointers.set(event.pointerId, here);
    if (others.length) {
      const [other] = others;
      const middle = { x: (here.x + other.x) / 2, y: (here.y + other.y) / 2 };
      const span = (a, b) => Math.hypot(a.x - b.x, a.y - b.y) || 1;
      this.zoom(span(here, other) / span(before, other), middle);
    }
    if (!this.isHeld) return;
    const share = others.length ? 2 : 1;
    this.x -= dx / this.scale / share;
    // One finger scrolls the page up and down; two move the picture.
    if (event.pointerType !== "touch" || others.length) this.y -= dy / this.scale / share;
    this.settle();
  }

  onUp(event) {
    this.pointers.delete(event.pointerId);
    if (this.pointers.size) return;
    this.wasHeld = this.isHeld;
    this.isHeld = false;
    this.view.parentElement.classList.remove("is-held");
  }

  /** What ends a drag is no click on the sheet below it. */
  onClick(event) {
    if (!this.wasHeld) return;
    this.wasHeld = false;
    event.preventDefault();
    event.stopPropagation();
  }
}
