// Progressive enhancement: every page works without scripts as well.
import { delegateCopying } from "./copying.js";
import { delegateCorrections } from "./correction.js";
import { askBeforeDeleting } from "./deletion.js";
import { localTimes } from "./times.js";
import { upload } from "./upload.js";

document.documentElement.classList.add("js");
for (const form of document.querySelectorAll("[data-upload]")) upload(form);
delegateCorrections();
delegateCopying();
askBeforeDeleting();
localTimes(document);
