// The page: load the model, answer what is chosen, dropped, pasted or photographed.
import { Answers } from "./answers.js";
import { Classifier } from "./classifier.js";
import { goneToOtherLanguage } from "./language.js";
import { PictureError } from "./picture.js";
import { listen } from "./sources.js";
import { Words } from "./words.js";

const MOST = 90; // per cent of the bar that the download takes; the rest is WebAssembly starting

document.documentElement.classList.add("js");
if (!goneToOtherLanguage()) start(document.querySelector("[data-try]"));

function start(place) {
  const words = new Words(place.querySelector("[data-words]"));
  const status = place.querySelector("[data-status]");
  const say = (key, values) => { status.textContent = words.say(key, values); };
  const model = load(place.querySelector("[data-progress]"), say);
  let queue = model.then(() => keepForOffline(say));
  const add = (files) => {
    const lot = [...files];
    if (lot.length) queue = queue.then(async () => answer(place, await model, lot, words, say));
  };
  listen(place, add);
  offerSamples(add, words);
}

async function load(bar, say) {
  say("page.loading");
  try {
    const model = await Classifier.load((share) => { bar.value = MOST * share; });
    say("page.ready");
    return model;
  } catch (error) {
    console.error(error);
    say(globalThis.WebAssembly && globalThis.OffscreenCanvas ? "page.lost" : "page.old_browser");
    throw error;
  } finally {
    bar.hidden = true;
  }
}

// A service worker keeps the files of this page, after they have come: not both at a time.
function keepForOffline(say) {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  const isKept = serviceWorker.register("sw.js").then(() => serviceWorker.ready);
  isKept.then(() => { if (!document.querySelector("[data-answer]")) say("page.offline"); }, console.error);
}

async function answer(place, model, lot, words, say) {
  const shown = document.querySelector("[data-answers]");
  const answers = new Answers(place, shown, words, model.card.overlay);
  answers.clear();
  for (const file of lot) {
    say("upload.thinking", { name: file.name });
    try {
      await answers.show(await model.classify(file), file);
    } catch (error) {
      answers.refuse(reasonOf(error), file.name);
    }
  }
  answers.unfold();
  say(lot.length === 1 ? "upload.done_one" : "upload.done_other", { count: lot.length });
  shown.focus({ preventScroll: true });
  shown.scrollIntoView({ block: "start" });
}

function reasonOf(error) {
  if (error instanceof PictureError && error.code !== "model_output_invalid") return `codes.${error.code}`;
  if (!(error instanceof PictureError)) console.error(error);
  return "page.no_answer";
}

function offerSamples(add, words) {
  for (const button of document.querySelectorAll("[data-sample]")) {
    button.addEventListener("click", async () => {
      const content = await (await fetch(button.dataset.sample)).blob();
      add([new File([content], words.say("page.sample"), { type: content.type })]);
    });
  }
}
