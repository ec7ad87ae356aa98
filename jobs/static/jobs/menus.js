/* Menus that close when one looks elsewhere, and the navigation on a phone. */

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (menu !== except) menu.open = false;
  }
}

function toggleNavigation(event, isOpen) {
  event.preventDefault();
  const navigation = document.getElementById("navigation");
  navigation.classList.toggle("is-open", isOpen);
  if (isOpen) navigation.querySelector("li a")?.focus();
  else document.querySelector(".menu-button")?.focus();
}

function onClick(event) {
  closeMenus(event.target.closest("details[data-menu]"));
  if (event.target.closest(".menu-button")) toggleNavigation(event, true);
  else if (event.target.closest(".menu-close, .navigation-shade")) toggleNavigation(event, false);
}

function onKey(event) {
  if (event.key === "Escape") {
    const open = document.querySelector("details[data-menu][open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    } else if (document.querySelector(".navigation.is-open")) {
      toggleNavigation(event, false);
    }
  }
}

/** Listen on the document, so that parts that are replaced need nothing of their own. */
export function startMenus() {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
}
