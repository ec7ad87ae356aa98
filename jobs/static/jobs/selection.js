/* Choosing rows of a list: the bar of verbs appears once one is chosen, and the choice survives when
 * the rows are replaced. The bar's tick means all of the list, whichever rows are chosen. */

const boxes = (form) => [...form.querySelectorAll("input.action-select")];

function words(form, chosen) {
  if (!form.querySelector(".select-across")?.checked) return `${chosen} chosen`;
  const { count, hasMore } = form.querySelector("#list-rows").dataset;
  return hasMore === undefined ? `All ${count} chosen` : `All chosen, more than ${count}`;
}

function sync(form) {
  const all = boxes(form);
  const chosen = all.filter((box) => box.checked);
  for (const box of all) box.closest("tr").classList.toggle("selected", box.checked);
  const toggle = form.querySelector("#action-toggle");
  if (toggle) {
    toggle.checked = all.length > 0 && chosen.length === all.length;
    toggle.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
  const isAll = form.querySelector(".select-across")?.checked;
  form.querySelector(".bulk")?.classList.toggle("has-chosen", chosen.length > 0 || isAll === true);
  const counter = form.querySelector(".action-counter");
  const said = words(form, chosen.length);
  if (counter && counter.textContent !== said) counter.textContent = said;
}

/** Watch the list's form, if there is one. */
export function startSelection() {
  const form = document.querySelector("form[data-selection]");
  if (!form) return;
  let last = null;
  form.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.matches(".action-select, #action-toggle")) return;
    const all = boxes(form);
    if (box.id === "action-toggle") {
      for (const other of all) other.checked = box.checked;
    } else if (event.shiftKey && last && all.includes(last)) {
      const [start, end] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const other of all.slice(start, end + 1)) other.checked = box.checked;
    }
    if (box.id !== "action-toggle") last = box;
    sync(form);
  });
  form.addEventListener("change", (event) => event.target.matches(".select-across") && sync(form));
  document.addEventListener("podium:refreshed", () => sync(form));
  window.addEventListener("pageshow", () => sync(form));
  sync(form);
}
