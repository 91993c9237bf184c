// Send a correction without leaving the page.
import { PART, nodes } from "./parts.js";

export function delegateCorrections() {
  document.addEventListener("submit", async (event) => {
    const place = event.target.closest("[data-correction]");
    if (!place) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(event.target));
    try {
      const answer = await fetch(event.target.action, { method: "POST", body, headers: PART });
      place.replaceChildren(...nodes(await answer.text()));
      place.querySelector("select, button, a")?.focus();
    } catch {
      event.target.submit();
    }
  });
}
