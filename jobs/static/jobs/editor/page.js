/* The score editor: drafts that are saved without leaving, and who else has it open. */

import { answered, LoggedOut } from "../fragment.js";
import { notice } from "../notices.js";
import { Work } from "./work.js";

const HEARTBEAT_MS = 15_000;

const form = document.getElementById("score-form");
const state = document.getElementById("draft-state");
const presence = document.getElementById("presence");
const work = new Work(form, form.dataset.check);
let isDirty = false;
let isLeaving = false;
let isSaving = false;
let isAskedAgain = false; // to save, while it is being done

function say(words) {
  state.textContent = words;
}

async function saveDraft() {
  isAskedAgain = isSaving;
  if (isSaving) return;
  isSaving = true;
  try {
    do {
      isAskedAgain = false;
      await sendDraft();
    } while (isAskedAgain && isDirty);
  } catch (error) {
    say("The draft is not saved.");
    // The page that says why shows both texts; what was written is on it.
    if (error.status === 409 || error.status === 422) form.requestSubmit(form.querySelector('[data-testid="save-draft"]'));
    else if (!work.ended(error)) notice("The draft could not be saved: the server does not answer.", { tone: "bad", id: "not-saved" });
  } finally {
    isSaving = false;
  }
}

async function sendDraft() {
  say("Saving the draft…");
  const fields = new FormData(form);
  fields.set("do", "draft");
  const response = await answered(form.action, { method: "POST", body: fields });
  saved(await response.json(), fields.get("text"));
}

function saved(told, sent) {
  form.elements.revision.value = told.revision;
  isDirty = form.elements.text.value !== sent;
  document.getElementById("not-saved")?.remove();
  say(`Draft saved at ${new Date().toLocaleTimeString("en-GB")}.`);
  if (!form.dataset.editing) {
    form.dataset.editing = told.editing;
    history.replaceState(history.state, "", told.url);
    const name = form.elements.namedItem("name");
    if (name) name.readOnly = true;
  }
}

async function beat() {
  if (!form.dataset.editing || document.hidden) return;
  const body = new FormData();
  body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  try {
    const response = await answered(form.dataset.editing, { method: "POST", body, deadlineMs: 10_000 });
    show(await response.json());
  } catch (error) {
    if (error instanceof LoggedOut) work.ended(error);
  }
}

function show(told) {
  const wanted = told.others.map((name) => `${name} edits now.`);
  if (told.revision !== Number(form.elements.revision.value) && told.revision) {
    wanted.push(`${told.saved_by} saved a newer draft. When you save, both are shown.`);
  } else if (told.newest !== Number(form.elements.based_on.value)) {
    wanted.push(`There is a version ${told.newest} now. When you save, both are shown.`);
  }
  if (presence.dataset.said === wanted.join("\n")) return;
  presence.dataset.said = wanted.join("\n");
  presence.replaceChildren(
    ...wanted.map((words) => {
      const note = document.createElement("p");
      note.className = "note tone-run";
      note.textContent = words;
      return note;
    }),
  );
}

form.addEventListener("input", (event) => {
  if (event.target.name === "text") {
    isDirty = true;
    work.soon();
  }
});
form.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  isLeaving = true;
});
form.addEventListener("podium:stayed", () => {
  isLeaving = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "s" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    saveDraft();
  }
});
form.addEventListener("click", (event) => {
  if (event.target.closest('[data-testid="save-draft"]')) {
    event.preventDefault();
    saveDraft();
  }
});
window.addEventListener("beforeunload", (event) => {
  if (isDirty && !isLeaving) event.preventDefault();
});
window.addEventListener("pagehide", () => {
  if (!form.dataset.editing) return;
  const body = new FormData();
  body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  body.set("left", "1");
  navigator.sendBeacon(form.dataset.editing, body);
});
setInterval(beat, HEARTBEAT_MS);
document.addEventListener("visibilitychange", beat);
work.mark();
