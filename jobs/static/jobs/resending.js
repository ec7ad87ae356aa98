/* A form that one comes back to with the browser's Back button holds what was sent, under the same
 * key: sent again unchanged it is answered with what came of it, changed it is a wish of its own. */

const SECRET = "csrfmiddlewaretoken";

function fill(form, sent) {
  for (const [name, value] of Object.entries(sent)) {
    const field = form.elements.namedItem(name);
    if (field && name !== SECRET) field.value = value;
  }
}

/** Keep what is sent with this entry of the browser's history; true when it was brought back. */
export function startResending(form) {
  const key = form.elements.namedItem("key");
  const freshKey = key?.value;
  const isBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  const sent = isBack ? history.state?.sent : null;
  if (sent) {
    fill(form, sent);
    if ("guard" in form.dataset) form.dataset.dirty = "";
  }
  form.addEventListener("input", () => {
    if (key) key.value = freshKey;
  });
  form.addEventListener("submit", () => {
    const fields = Object.fromEntries(new FormData(form));
    delete fields[SECRET];
    try {
      history.replaceState({ ...history.state, sent: fields }, "");
    } catch {
      // more than this browser keeps: then Back shows an empty form
    }
  });
  return Boolean(sent);
}
