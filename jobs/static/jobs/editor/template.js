/* The form of a template: what was filled in is there again when one comes back to it. */

import { startResending } from "../resending.js";

startResending(document.getElementById("template-form"));
