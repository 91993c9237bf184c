// Works offline: keeps FILES, which the build writes above together with their DIGEST. Other pages
// of the same site may have caches as well, so that ours is named by its address too.
const OURS = `canting ${self.registration.scope} `;
const CACHE = OURS + DIGEST;
const known = new Set(FILES.map((name) => new URL(name, self.registration.scope).href));

self.addEventListener("install", (event) => {
  event.waitUntil(keep().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  if (method !== "GET") return;
  if (mode === "navigate") event.respondWith(newest(event.request));
  else if (known.has(url)) event.respondWith(kept(event.request));
});

// Hosts let browsers keep files for a while: what has the same name in every build is asked for anew.
async function keep() {
  const isOfBuild = (name) => /^[0-9a-f]{12}\//.test(name);
  const asked = FILES.map((name) => new Request(name, { cache: isOfBuild(name) ? "default" : "reload" }));
  await (await caches.open(CACHE)).addAll(asked);
}

async function forgetOthers() {
  const names = (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== CACHE);
  await Promise.all(names.map((name) => caches.delete(name)));
}

// A page names the files of its own build, so that it may be newer than the cache.
async function newest(request) {
  try {
    return await fetch(request.url, { cache: "no-cache" });
  } catch (error) {
    const found = await (await caches.open(CACHE)).match(request, { ignoreSearch: true });
    if (found) return found;
    throw error;
  }
}

async function kept(request) {
  return (await (await caches.open(CACHE)).match(request)) ?? fetch(request);
}
