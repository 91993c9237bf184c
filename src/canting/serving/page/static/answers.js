// Answers as articles, filled into the templates of the page.
import { heatMap } from "./heat.js";

let count = 0;

export class Answers {
  constructor(root, place, words, look) {
    Object.assign(this, { root, place, words, look });
    this.percents = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  }

  clear() {
    for (const image of this.place.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    this.place.replaceChildren();
  }

  async show(answer, file) {
    const article = this.copy(answer.isAbstained ? "unknown" : "known");
    const find = (key) => article.querySelector(`[data-${key}]`);
    const text = this.root.querySelector(`[data-label="${CSS.escape(answer.label)}"]`);
    const title = text.dataset.name;
    this.picture(article, file, await heatMap(answer.activation, answer, this.look));
    this.bars(article, Object.values(answer.probabilities));
    find("note").textContent = this.words.say(answer.isAbstained ? "result.overlay_unknown" : "result.overlay_note", { name: title });
    find("file").textContent = file.name;
    find("small").hidden = !answer.isSmall;
    if (!answer.isAbstained) {
      find("title").textContent = title;
      find("about-title").textContent = `: ${title}`;
      find("sure").textContent = this.words.say("result.sure", { percent: this.percent(answer.probability) });
      find("means").textContent = this.means(answer.probability);
      if (text.content.childElementCount) find("about").append(text.content.cloneNode(true));
      else find("about").remove();
    }
    this.place.append(article);
  }

  refuse(reason, name) {
    const article = this.copy("failed");
    article.querySelector("[data-title]").textContent = this.words.say("result.failed", { name });
    article.querySelector("[data-reason]").textContent = this.words.say(reason);
    this.place.append(article);
  }

  // A single answer shows all that there is to say.
  unfold() {
    const [only, ...others] = this.place.children;
    if (!others.length) only?.querySelector("[data-about]")?.setAttribute("open", "");
  }

  copy(name) {
    return this.root.querySelector(`[data-template=${name}]`).content.firstElementChild.cloneNode(true);
  }

  picture(article, file, heat) {
    const id = `layer-${(count += 1)}`;
    article.querySelector(".toggle").id = id;
    article.querySelector(".toggle-word").htmlFor = id;
    const picture = article.querySelector(".picture");
    picture.src = URL.createObjectURL(file);
    picture.alt = this.words.say("result.picture_alt", { name: file.name });
    article.querySelector(".overlay").src = URL.createObjectURL(heat);
  }

  // The rows of the template are in the order of the card; shown are the likeliest first.
  bars(article, probabilities) {
    const body = article.querySelector(".bars tbody");
    const rows = [...body.rows].map((row, place) => ({ row, probability: probabilities[place] }));
    rows.sort((one, other) => other.probability - one.probability);
    rows.forEach(({ row, probability }, place) => {
      row.className = place ? "" : "first";
      row.querySelector(".fill").setAttribute("width", `${(100 * probability).toFixed(2)}%`);
      row.querySelector(".number").textContent = this.percent(probability);
      body.append(row);
    });
  }

  means(probability) {
    const hundred = Math.min(Math.max(Math.round(100 * probability), 1), 99);
    const said = this.words.say("result.means", { count: hundred });
    return probability < 0.6 ? `${said} ${this.words.say("result.unsure")}` : said;
  }

  // What is not quite all or nothing never looks so.
  percent(share) {
    const hundred = 100 * share;
    if (hundred > 0 && hundred < 0.1) return `< ${this.percents.format(0.1)} %`;
    if (hundred > 99.9 && hundred < 100) return `> ${this.percents.format(99.9)} %`;
    return `${this.percents.format(hundred)} %`;
  }
}
