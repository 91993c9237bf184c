// Parts of pages, asked for by a script.
export const PART = { "X-Canting-Part": "1" };

// The part is made by our own server's templates, which escape all that comes from outside.
export function nodes(html) {
  return [...new DOMParser().parseFromString(html, "text/html").body.children];
}
