// Keeps the handheld's page at hand where there is no connection. Never an answer of the API: what is old is not shown
// as new, and what waits to be sent is the page's own queue.
const SHELF = "sekisho-handheld-2";
const PATIENCE_MS = 3_000;
const PAGE = "/handheld";
// Without these the page does not run: all of them are kept before this worker stands before any page.
const NEEDED = [
  PAGE, "/handheld/manifest.json", "/static/fonts/fonts.css", "/static/bench.css", "/static/people.css", "/static/people.js",
  "/static/bench/wedge.js", "/static/bench/sound.js",
  ...["handheld.css", ...["handheld", "camera", "hints", "decide", "news", "parcel", "queue"].map((name) => `${name}.js`)]
    .map((name) => `/static/handheld/${name}`),
];

const shown = (url) => url.pathname === PAGE || url.pathname.startsWith("/static/") || url.pathname === `${PAGE}/manifest.json`;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELF).then((shelf) => shelf.addAll(NEEDED)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name !== SHELF).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

async function fromBox(request, key) {
  const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.ok && !answer.redirected) await (await caches.open(SHELF)).put(key, answer.clone());
  return answer;
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin || !shown(url)) return;
  const key = url.pathname; // one page, whatever its language was asked for by
  event.respondWith(
    fromBox(event.request, key).catch(async () => (await caches.match(key)) ?? Response.error()),
  );
});

// The page tells what it has loaded before this worker was there.
self.addEventListener("message", (event) => {
  const all = event.data.filter((address) => shown(new URL(address, self.location.href)));
  event.waitUntil(Promise.allSettled(all.map((address) => fromBox(address, new URL(address, self.location.href).pathname))));
});
