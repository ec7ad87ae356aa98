/* Buttons that copy what an address holds. Without a clipboard they are not offered. */

import { answered } from "../fragment.js";
import { notice } from "../notices.js";

function offer() {
  if (!navigator.clipboard) return; // no secure connection
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (!button) return;
  try {
    const answer = await answered(button.dataset.copy);
    await navigator.clipboard.writeText(await answer.text());
    notice("Copied.", { tone: "ok", id: "copied" });
  } catch {
    notice("It could not be copied. Download it instead.", { tone: "bad", id: "copied" });
  }
});

document.addEventListener("podium:refreshed", offer);
offer();
