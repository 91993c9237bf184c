// Texts for scripts, in the language of the page: the form carries them.
export class Words {
  constructor(template) {
    const spans = template.content.querySelectorAll("[data-word]");
    this.words = Object.fromEntries([...spans].map((span) => [span.dataset.word, span.textContent]));
  }

  say(key, values = {}) {
    return this.words[key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  }

  counted(key, count) {
    return this.say(`${key}_${count === 1 ? "one" : "other"}`, { count });
  }
}
