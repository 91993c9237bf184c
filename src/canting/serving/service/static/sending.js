// Upload one picture with progress, and retry while the server is busy.
import { PART } from "./parts.js";

const TRIES = 5;

export async function send(form, file, progress, waiting) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await once(form, file, progress);
    const isBusy = answer.status === 429 || answer.status === 503;
    const seconds = Number(answer.getResponseHeader("Retry-After"));
    if (!isBusy || !seconds || attempt === TRIES) return answer.responseText;
    waiting();
    await new Promise((resolve) => setTimeout(resolve, 1000 * Math.min(seconds, 10)));
  }
}

function once(form, file, progress) {
  const body = new FormData();
  body.append("csrf", form.elements.csrf.value);
  body.append("files", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    for (const [name, value] of Object.entries(PART)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => progress(event.loaded / (event.total || 1)));
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("error", () => reject(new Error("lost")));
    request.send(body);
  });
}
