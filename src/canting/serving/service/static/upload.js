// The upload form: drag and drop, paste, previews, and a progress bar over one request a picture.
import { Chosen } from "./chosen.js";
import { nodes } from "./parts.js";
import { send } from "./sending.js";
import { listen } from "./sources.js";
import { localTimes } from "./times.js";
import { Words } from "./words.js";

export function upload(form) {
  const words = new Words(form.querySelector("[data-words]"));
  const status = form.querySelector("[data-status]");
  const say = (text) => { status.textContent = text; };
  const { most, bytes, size } = form.dataset;
  const types = form.querySelector("input[type=file]").accept.split(",");
  const limits = { most: Number(most), bytes: Number(bytes), size, types };
  const chosen = new Chosen(form.querySelector("[data-chosen]"), limits, words, say);
  listen(form, (files) => chosen.add(files));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await chosen.added;
    if (chosen.files.length) sendAll(form, chosen, words, say);
    else say(words.say("none"));
  });
}

async function sendAll(form, chosen, words, say) {
  const answers = document.querySelector("[data-answers]");
  const button = form.querySelector("button[type=submit]");
  const bar = form.querySelector("[data-progress]");
  const all = chosen.files.length;
  let done = 0;
  button.disabled = true;
  bar.hidden = false;
  try {
    for (const one of [...chosen.files]) {
      const name = one.file.name;
      say(words.say("sending", { name }));
      const html = await send(form, one.file, (share) => {
        bar.value = (100 * (done + 0.9 * share)) / all;
        if (share === 1) say(words.say("thinking", { name }));
      }, () => say(words.say("waiting")));
      show(answers, html, { isFirst: done === 0, isOnly: all === 1 });
      done += 1;
      bar.value = (100 * done) / all;
      chosen.remove(one);
    }
    say(words.counted("done", done));
  } catch {
    say(words.say("lost"));
  }
  bar.hidden = true;
  button.disabled = false;
  answers.focus({ preventScroll: true });
  answers.scrollIntoView({ block: "start" });
}

function show(answers, html, { isFirst, isOnly }) {
  if (isFirst) answers.replaceChildren();
  for (const node of nodes(html)) {
    answers.append(node);
    localTimes(node);
    if (!isOnly) node.querySelector(".class-block")?.removeAttribute("open");
  }
}
