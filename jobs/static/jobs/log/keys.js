/* The keys of the log. A field that is written in keeps its keys. */

const LINE_PX = 20;

export function startKeys(pane, does) {
  const keys = {
    j: () => pane.scrollBy(0, 3 * LINE_PX),
    ArrowDown: () => pane.scrollBy(0, 3 * LINE_PX),
    k: () => pane.scrollBy(0, -3 * LINE_PX),
    ArrowUp: () => pane.scrollBy(0, -3 * LINE_PX),
    g: does.beginning,
    Home: does.beginning,
    G: does.end,
    End: does.end,
    "/": does.search,
    n: () => does.match(1),
    N: () => does.match(-1),
    f: does.follow,
    w: does.wrap,
  };
  // Before the keys of the whole console: here a slash searches the log.
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
      if (document.querySelector("dialog[open]")) return;
      const isMove = event.key.length > 1;
      if (isMove && !pane.contains(event.target)) return;
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      act();
    },
    { capture: true },
  );
}
