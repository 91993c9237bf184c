// The chosen pictures, checked and previewed before they are uploaded.
// What a browser says of a file whose suffix it does not know; the server looks at the content.
const UNKNOWN = ["", "application/octet-stream"];

export class Chosen {
  constructor(list, limits, words, say) {
    Object.assign(this, { list, limits, words, say, files: [], added: Promise.resolve() });
  }

  // One lot after the other; `added` is settled when all have been checked.
  add(files) {
    const lot = [...files];
    this.added = this.added.then(() => this.check(lot));
  }

  async check(files) {
    const problems = [];
    for (const file of files) {
      const problem = this.problem(file);
      if (problem) problems.push(problem);
      else this.show(file);
    }
    const counted = this.files.length ? this.words.counted("ready", this.files.length) : "";
    this.say([...new Set(problems), counted].filter(Boolean).join(" "));
  }

  problem(file) {
    if (![...this.limits.types, ...UNKNOWN].includes(file.type)) return this.words.say("not_picture", { name: file.name });
    if (file.size > this.limits.bytes) return this.words.say("too_large", { name: file.name, size: this.limits.size });
    if (this.files.length >= this.limits.most) return this.words.say("too_many", { count: this.limits.most });
    return "";
  }

  show(file) {
    const item = document.createElement("li");
    const picture = Object.assign(document.createElement("img"), { src: URL.createObjectURL(file), alt: file.name });
    const label = this.words.say("remove", { name: file.name });
    const remove = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
    remove.setAttribute("aria-label", label);
    const chosen = { file, item, picture };
    remove.addEventListener("click", () => this.remove(chosen));
    item.append(picture, remove);
    this.list.append(item);
    this.files.push(chosen);
  }

  remove(chosen) {
    URL.revokeObjectURL(chosen.picture.src);
    chosen.item.remove();
    this.files = this.files.filter((other) => other !== chosen);
    this.say(this.words.counted("ready", this.files.length));
  }
}
