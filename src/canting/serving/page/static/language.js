// The language of the switch, else the first one of the browser that there is a page in.
const KEY = "canting_language";

// Whether the browser is on its way to the page in another language.
export function goneToOtherLanguage() {
  const links = [...document.querySelectorAll("[data-language]")];
  for (const link of links) link.addEventListener("click", () => remember(link.dataset.language));
  const here = document.documentElement.lang;
  const known = [here, ...links.map((link) => link.dataset.language)];
  const wanted = [remembered(), ...navigator.languages.map((one) => one.split("-")[0])].find((one) => known.includes(one));
  if (wanted === undefined || wanted === here || isNamed()) return false;
  location.replace(links.find((link) => link.dataset.language === wanted).href);
  return true;
}

// An address that names a page is meant.
function isNamed() {
  return !location.pathname.endsWith("/");
}

function remember(code) {
  try {
    localStorage.setItem(KEY, code);
  } catch { /* a browser that keeps nothing asks again */ }
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
