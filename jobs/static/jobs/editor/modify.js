/* The editor of a new score for a job: the judgement as one types. */

import { startResending } from "../resending.js";
import { Work } from "./work.js";

const form = document.getElementById("modify-form");
startResending(form);
const work = new Work(form, form.dataset.validate);

form.addEventListener("input", (event) => {
  if (event.target.name === "text") work.soon();
});
work.judge();
