// Where pictures come from: the file dialog, the camera, drag and drop, the clipboard.
export function listen(form, add) {
  showEveryFile(form);
  const drop = form.querySelector("[data-drop]");
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => { add(input.files); input.value = ""; });
  }
  document.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    add(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) add(event.clipboardData.files);
  });
}

// With a mouse, `accept` hides pictures without a suffix in the dialog. On phones it stays: there
// it opens the photo library.
function showEveryFile(form) {
  if (!matchMedia("(any-pointer: coarse)").matches) {
    for (const input of form.querySelectorAll("input[type=file]")) input.removeAttribute("accept");
  }
}
