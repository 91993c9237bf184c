// Fragments of pages, requested by a script.
export const PART = { "X-Canting-Part": "1" };

// Fragments come from our own server's templates, which escape all untrusted input.
export function nodes(html) {
  return [...new DOMParser().parseFromString(html, "text/html").body.children];
}
