/* Where in the file one is: a slider, and the same in words. */

const PLACES = 1_000;
const REST_MS = 80; // the slider has come to rest

export class Place {
  /** `onMove`: is told the offset to go to, or null for the end. */
  constructor(onMove) {
    this.slider = document.getElementById("log-place");
    this.where = document.getElementById("log-where");
    this.size = 0;
    this.sliding = 0;
    this.slider.addEventListener("input", () => this.slide(onMove));
  }

  slide(onMove) {
    clearTimeout(this.sliding);
    const share = Number(this.slider.value) / PLACES;
    const offset = Math.floor(share * this.size);
    this.where.textContent = words(offset, this.size);
    this.sliding = setTimeout(() => {
      this.sliding = 0;
      onMove(share >= 1 ? null : offset);
    }, REST_MS);
  }

  show(offset, size) {
    this.size = size;
    if (this.sliding) return;
    this.slider.value = String(size ? Math.round((offset / size) * PLACES) : PLACES);
    this.where.textContent = words(offset, size);
    this.slider.setAttribute("aria-valuetext", this.where.textContent);
  }
}

function words(offset, size) {
  return `${unit(offset)} of ${unit(size)}`;
}

function unit(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
}
