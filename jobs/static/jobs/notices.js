/* Sentences at the top of the page that a script has to say. */

/** Show a sentence once; a later one with the same id takes its place. */
export function notice(words, { tone = "warn", id, link } = {}) {
  const box = document.getElementById("notices");
  if (!box) return;
  const note = document.createElement("p");
  note.className = `note tone-${tone}`;
  note.id = id;
  note.dataset.testid = id;
  const said = document.createElement("span");
  said.textContent = words;
  note.append(said);
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href;
    anchor.textContent = link.text;
    if (link.target) {
      anchor.target = link.target;
      anchor.rel = "noopener";
    }
    anchor.className = "button small note-end";
    note.append(anchor);
  }
  document.getElementById(id)?.remove();
  box.append(note);
}
