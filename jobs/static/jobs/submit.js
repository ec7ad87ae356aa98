/* The submit page: the judgement as one types, and samples that are put into the editor. */

import { Work } from "./editor/work.js";
import { fragment, isOutOfReach } from "./fragment.js";
import { notice } from "./notices.js";
import { startResending } from "./resending.js";

const form = document.getElementById("submit-form");
const wasSent = startResending(form);
const work = new Work(form, form.dataset.validate);

async function takeSample(link) {
  let page;
  try {
    page = await fragment(link.href);
  } catch (error) {
    if (isOutOfReach(error)) notice("The sample could not be fetched. Try again in a moment.", { id: "no-sample" });
    else location.assign(link.href);
    return;
  }
  document.getElementById("no-sample")?.remove();
  const isDirty = "dirty" in form.dataset;
  work.editor.replace(page.getElementById("id_text").value);
  if (!isDirty) delete form.dataset.dirty; // a sample is not lost by leaving
  for (const chip of form.querySelectorAll("[data-sample]")) chip.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  work.judge();
}

form.addEventListener("input", (event) => {
  if (event.target.name && event.target.name !== "reason") work.soon();
});
form.addEventListener("change", (event) => {
  if (event.target.matches('[name="source"], [name="conductor"]')) work.soon();
});
form.addEventListener("click", (event) => {
  const sample = event.target.closest("[data-sample]");
  if (sample && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    takeSample(sample);
  }
});
if (wasSent) work.judge();
else work.mark();
