// Ask for confirmation of a deletion in a dialog over the current page.
import { nodes } from "./parts.js";

export function askBeforeDeleting() {
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-delete]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const question = await questionOf(link.href);
    if (!question) return void location.assign(link.href);
    show(question, link);
  });
}

async function questionOf(address) {
  try {
    const page = new DOMParser().parseFromString(await (await fetch(address)).text(), "text/html");
    const form = page.querySelector("form[data-confirm]");
    form?.prepend(Object.assign(document.createElement("h2"), { textContent: page.querySelector("h1").textContent }));
    return form && nodes(form.outerHTML)[0];
  } catch {
    return null;
  }
}

function show(question, link) {
  const dialog = document.createElement("dialog");
  const title = question.querySelector("h2");
  title.id = "delete-title";
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.append(question);
  document.body.append(dialog);
  dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
  dialog.querySelector("[data-close]").addEventListener("click", (event) => { event.preventDefault(); dialog.close(); });
  dialog.showModal();
  dialog.querySelector("[data-close]").focus();
}
