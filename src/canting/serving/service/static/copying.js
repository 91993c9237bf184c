// Copy the address of an answer to the clipboard.
export function delegateCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const place = button.closest("[data-share]");
    const link = place.querySelector("[data-link]");
    const isCopied = await copied(link.href);
    if (!isCopied) select(link);
    place.querySelector("[data-said]").textContent = isCopied ? button.dataset.copied : button.dataset.failed;
  });
}

// Browsers have a clipboard on HTTPS and on this machine alone.
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function select(link) {
  link.textContent = link.href;
  getSelection().selectAllChildren(link);
}
