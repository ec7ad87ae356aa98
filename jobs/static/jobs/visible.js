/* Shows what is unprintable instead of obeying it, as `visible.py` and `output.py` do. */

const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;
const CONTROL = /␛(?:\[[0-9;?]*[ -/]*[@-~]|\][^␇␛]*(?:␇|␛\\)?|.)?|[␀-␡]/gu;

function picture(letter) {
  const code = letter.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? "␡" : "\ufffd";
}

/** The text with pictures in the place of control characters. */
export function visible(text) {
  return text.replace(UNPRINTABLE, picture);
}

/** Fill an element with a text; control sequences stand dimmed between the words. */
export function fill(element, text) {
  const shown = visible(text);
  const parts = [];
  let end = 0;
  for (const match of shown.matchAll(CONTROL)) {
    if (match.index > end) parts.push(shown.slice(end, match.index));
    const control = document.createElement("i");
    control.textContent = match[0];
    parts.push(control);
    end = match.index + match[0].length;
  }
  if (end < shown.length) parts.push(shown.slice(end));
  element.replaceChildren(...parts);
}
