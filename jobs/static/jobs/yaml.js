/* The colours of YAML, line by line: enough to see its shape, with the classes that Pygments uses. */

const PARTS =
  /(?<comment>(?:^|(?<=\s))#.*$)|(?<key>(?<=^\s*(?:-\s+)*)(?:"[^"]*"|'[^']*'|[^\s#"'{[\]},:&*!|>%@-][^#:]*?)(?=\s*:(?:\s|$)))|(?<string>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(?<template>\{\{.*?\}\}|\{%.*?%\})|(?<number>(?<=[\s[,:]|^)-?\d+(?:\.\d+)?(?=[\s,\]]|$))|(?<word>(?<=:\s+|-\s+)(?:true|false|null|~)(?=\s*(?:#|$)))/u;

const CLASSES = { comment: "y-c1", key: "y-nt", string: "y-s", template: "y-nl", number: "y-nv", word: "y-nv" };

const TEMPLATES = /(?<template>\{\{.*?\}\}|\{%.*?%\})/u;
const OPENS_BLOCK = /:\s*[|>][+-]?\d?\s*(?:#.*)?$/u;

function paintLine(text, into, parts) {
  const pattern = new RegExp(parts.source, "gu");
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const [name] = Object.entries(match.groups).find(([, found]) => found !== undefined);
    if (match.index > end) into.push(text.slice(end, match.index));
    const span = document.createElement("span");
    span.className = CLASSES[name];
    span.textContent = match[0];
    into.push(span);
    end = match.index + match[0].length;
  }
  if (end < text.length) into.push(text.slice(end));
}

/** Fill an element with a coloured text. */
export function paint(element, text) {
  const parts = [];
  let block = -1; // the indentation of the key whose text is a block, -1 outside of one
  for (const line of text.split("\n")) {
    const indent = line.search(/\S/u);
    if (block >= 0 && indent >= 0 && indent <= block) block = -1;
    if (line.length > 500) parts.push(line);
    else paintLine(line, parts, block >= 0 ? TEMPLATES : PARTS);
    if (block < 0 && OPENS_BLOCK.test(line)) block = indent;
    parts.push("\n");
  }
  element.replaceChildren(...parts);
}
