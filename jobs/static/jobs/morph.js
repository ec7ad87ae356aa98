/* Makes one tree of elements like another and touches only what differs, so that focus, selection,
 * scroll and what one has opened stay as they are. */

/** What identifies an element among its siblings. */
function keyOf(element) {
  if (element.nodeType !== Node.ELEMENT_NODE) return null;
  if (element.id) return `#${element.id}`;
  if (element.dataset.key) return element.dataset.key;
  if (element.nodeName === "TR") {
    const row = element.querySelector("[data-row]");
    return row ? `row-${row.dataset.row}` : null;
  }
  return null;
}

function isLike(from, to) {
  return from.nodeType === to.nodeType && from.nodeName === to.nodeName && keyOf(from) === keyOf(to);
}

function syncAttributes(from, to) {
  const isField = from.matches("input, select, textarea, option");
  for (const { name, value } of [...to.attributes]) {
    if (name === "open" || (isField && (name === "value" || name === "checked"))) continue;
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const { name } of [...from.attributes]) {
    if (name === "open" || name === "data-local" || isField) continue;
    if (!to.hasAttribute(name)) from.removeAttribute(name);
  }
  if (from.nodeName === "PROGRESS" && from.value !== to.value) from.value = to.value;
}

/** What newly wants to be open is opened; what a person has opened or closed stays so. */
function syncOpen(from, to, before) {
  if (from.nodeName !== "DETAILS") return;
  const status = to.closest("[data-status]")?.dataset.status;
  if (to.open && before !== status) from.open = true;
}

/** Make `from` like `to`. */
export function morph(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  if (from.dataset.morph === "keep" || from.isEqualNode(to)) return;
  if (from.nodeName === "LI" && "status" in from.dataset) {
    const before = from.dataset.status;
    syncAttributes(from, to);
    morphChildren(from, to);
    const [details, wanted] = [from.querySelector("details"), to.querySelector("details")];
    if (details && wanted) syncOpen(details, wanted, before);
    return;
  }
  syncAttributes(from, to);
  morphChildren(from, to);
}

function morphChildren(from, to) {
  const keyed = new Map();
  for (const child of from.childNodes) {
    const key = keyOf(child);
    if (key !== null) keyed.set(key, child);
  }
  let place = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const key = keyOf(wanted);
    let match = key === null ? null : (keyed.get(key) ?? null);
    if (match && match.nodeName !== wanted.nodeName) match = null;
    if (key === null && place && isLike(place, wanted)) match = place;
    if (match === null) {
      from.insertBefore(document.adoptNode(wanted), place);
      continue;
    }
    if (match === place) place = place.nextSibling;
    else from.insertBefore(match, place);
    keyed.delete(key);
    morph(match, wanted);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}
