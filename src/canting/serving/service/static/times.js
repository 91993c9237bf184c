// Times in the visitor's own zone; the page comes with UTC.
export function localTimes(root) {
  const form = new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.title = time.textContent;
    time.textContent = form.format(new Date(time.dateTime));
  }
}

// The visitor's own kind of the page's language, such as en-GB.
function locale() {
  const { lang } = document.documentElement;
  return navigator.languages.find((one) => one.split("-")[0] === lang) ?? lang;
}
