/* Where in a score a place of its text is, by indentation: enough to say which keys may stand there. The
 * server judges; this only helps. */

const KEY =
  /^(?<indent>\s*)(?<dashes>(?:- +)*)(?<key>"[^"]*"|'[^']*'|[^\s#:'"[\]{},&*!|>%@`-][^:#]*?)\s*:(?:\s+(?<rest>.*))?$/u;
const ITEM = /^(?<indent>\s*)(?<dashes>(?:- +)+|-$)/u;
const OPENS_BLOCK = /^[|>][+-]?\d?\s*(?:#.*)?$/u;

/** A line with a key: the key, where it begins, and what follows it. */
export function keyOf(line) {
  const found = KEY.exec(line);
  if (!found) return null;
  const { indent, dashes, key, rest } = found.groups;
  return {
    key: key.replace(/^["']|["']$/gu, ""),
    at: indent.length + dashes.length,
    dash: dashes ? indent.length : null,
    rest: rest ?? "",
    start: indent.length + dashes.length,
  };
}

function isEmpty(line) {
  return /^\s*(?:#.*)?$/u.test(line);
}

/** The keys that lead to what begins at a column of a row, outermost first. */
export function pathTo(lines, row, at, dash = null) {
  const path = [];
  let need = at; // a parent begins left of this
  let inList = dash; // where the dash of the item stands whose list's key is looked for
  if (dash !== null) need = dash + 1;
  for (let r = row - 1; r >= 0; r -= 1) {
    const line = lines[r];
    if (isEmpty(line)) continue;
    const found = keyOf(line);
    const item = ITEM.exec(line);
    const begins = line.search(/\S/u);
    if (inList === null && item && found && found.at === need && found.dash !== null) {
      inList = found.dash; // the first key of the item that we are in
      need = found.dash + 1;
      continue;
    }
    if (inList !== null && item && begins === inList) continue; // another item of the list
    if (!found || found.at >= need) continue;
    path.unshift(found.key);
    need = found.at;
    inList = null;
    if (found.dash !== null) {
      inList = found.dash;
      need = found.dash + 1;
    }
    if (need === 0) break;
  }
  return path;
}

/** Whether a row is text of a block that an earlier line opened; then the keys that lead to it. */
export function blockAt(lines, row) {
  const begins = lines[row].search(/\S/u);
  const indent = begins < 0 ? Infinity : begins;
  for (let r = row - 1; r >= 0; r -= 1) {
    if (/^\s*$/u.test(lines[r])) continue;
    const start = lines[r].search(/\S/u);
    const found = keyOf(lines[r]);
    if (found && OPENS_BLOCK.test(found.rest) && found.at < indent) {
      return [...pathTo(lines, r, found.at, found.dash), found.key];
    }
    if (start < indent && found && !OPENS_BLOCK.test(found.rest) && start === 0) return null;
  }
  return null;
}

/** The keys that stand beside a place. */
export function siblings(lines, row, at) {
  const found = new Set();
  for (const step of [-1, 1]) {
    for (let r = row + step; r >= 0 && r < lines.length; r += step) {
      if (isEmpty(lines[r])) continue;
      const entry = keyOf(lines[r]);
      const begins = lines[r].search(/\S/u);
      if (entry && entry.at === at) {
        found.add(entry.key);
        if (entry.dash !== null && step < 0) break;
      } else if (begins < at) break;
    }
  }
  return found;
}

/** The names below `prompt: variables:`. */
export function variables(lines) {
  const names = [];
  for (const [row, line] of lines.entries()) {
    const entry = keyOf(line);
    if (!entry || entry.at === 0) continue;
    const path = pathTo(lines, row, entry.at, entry.dash);
    if (path.length === 2 && path[0] === "prompt" && path[1] === "variables") names.push(entry.key);
  }
  return names;
}
