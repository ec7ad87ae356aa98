/* What is shown of a file stays as it was when the page was loaded; here it is said when that is no
 * longer how it is. */

document.addEventListener("podium:refreshed", () => {
  const facts = document.getElementById("file-facts");
  const shown = document.getElementById("file-shown");
  const note = document.getElementById("file-changed");
  if (facts && shown && note) note.hidden = facts.dataset.stamp === shown.dataset.stamp;
});
