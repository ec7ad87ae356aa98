/* What every page of the console does once it is loaded. Each page works without all of this. */

import { startDialogs } from "./dialogs.js";
import { startForms } from "./forms.js";
import { startMenus } from "./menus.js";
import { startMoments } from "./moments.js";
import { startPage } from "./page.js";
import { startParts } from "./parts.js";
import { startSearch } from "./search.js";
import { startSelection } from "./selection.js";

document.documentElement.classList.add("has-script");
startMoments();
startMenus();
startForms();
startDialogs();
startSearch();
startSelection();
startPage();
startParts();
