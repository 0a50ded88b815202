// Keeps the handheld's page at hand where there is no connection. Never an answer of the API: what is old is not shown
// as new, and what waits to be sent is the page's own queue.
const SHELF = "sekisho-handheld-1";
const PATIENCE_MS = 3_000;
const PAGE = "/handheld";

const shown = (url) => url.pathname === PAGE || url.pathname.startsWith("/static/") || url.pathname === `${PAGE}/manifest.json`;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

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
