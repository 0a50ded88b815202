// The handheld's own queue: what was scanned and taken here, until the bench has recorded it. It judges nothing.
//
// An entry lies on the disk of the handheld before anybody is told that it was taken. Entries go out one after another
// in the order in which they came, each under a key of its own, again and again until it is answered: an entry whose
// answer was lost is answered as before and counted once. What was answered leaves the queue in the same transaction
// that keeps which inspection it became, so that a later entry of the same parcel is added to that one.
const NAME = "sekisho-handheld";
const STORES = { waiting: "n", parcels: "parcel", refused: "n", sent: "n" };
const MOST_SENT = 12;
const MOST_PARCELS = 200;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
const PATIENCE_MS = 60_000; // for one answer
// What another try may mend: the bench is busy, restarts, does not know this handheld (yet, or any more), or something
// else answers in its place.
const AGAIN = new Set([401, 403, 404, 408, 425, 429, 500, 502, 503, 504, 507]);

let base = null;
const remembered = new Map(); // inspections by parcel that the disk did not take: for as long as the page lives

// A request of IndexedDB as a promise.
const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// Runs `work(stores)` in one transaction; what it returns is given when all of it is on the disk.
async function within(names, mode, work) {
  const opened = await open();
  return new Promise((resolve, reject) => {
    const transaction = opened.transaction(names, mode, mode === "readwrite" ? { durability: "strict" } : {});
    let result;
    transaction.oncomplete = () => resolve(result);
    transaction.onabort = () => reject(transaction.error ?? new DOMException("aborted", "AbortError"));
    work(Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)])))
      .then((made) => { result = made; }, (error) => { try { transaction.abort(); } catch { /* over */ } reject(error); });
  });
}

export function open() {
  base ??= opened();
  base.catch(() => { base = null; }); // tried again with the next question
  return base;
}

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(STORES)) {
        request.result.createObjectStore(name, { keyPath, autoIncrement: name === "waiting" });
      }
    };
    request.onsuccess = () => {
      request.result.onclose = () => { base = null; };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
}

// A key for each entry. crypto.randomUUID is missing on plain http.
export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

// Puts an entry in: { parcel, station, by, text } or { parcel, station, by, picture: ArrayBuffer }, `by` the id of who is
// signed in here, "" for nobody. Its place, when it is kept.
export const put = (entry) =>
  within(["waiting"], "readwrite", ({ waiting }) => done(waiting.add({ ...entry, key: newKey(), made: Date.now() })));

export const count = () => within(["waiting"], "readonly", ({ waiting }) => done(waiting.count()));
export const refused = () => within(["refused"], "readonly", (stores) => done(stores.refused.getAll()));
export const sent = () => within(["sent"], "readonly", (stores) => done(stores.sent.getAll()));
export const forget = (n) => within(["refused"], "readwrite", (stores) => done(stores.refused.delete(n)));

const head = () => within(["waiting", "parcels"], "readonly", async ({ waiting, parcels }) => {
  const cursor = await done(waiting.openCursor());
  if (!cursor) return null;
  const entry = cursor.value;
  const known = (await done(parcels.get(entry.parcel)))?.inspection ?? remembered.get(entry.parcel) ?? "";
  return { entry, known };
});

async function trim(store, most) {
  const keys = await done(store.getAllKeys());
  for (const key of keys.slice(0, Math.max(0, keys.length - most))) store.delete(key);
}

// What the bench said of an inspection, as short as the handheld shows it.
export function said({ inspection, number, verdict, items, parcel_numbers: parcels, unparsed, taken }) {
  const subject = [...items.map((item) => `GTIN ${item.gtin} ${item.serial ?? ""}`.trim()), ...parcels, ...unparsed];
  const reasons = verdict.findings.slice(0, 3).map((finding) => finding.sentence);
  return { inspection, number, outcome: verdict.outcome, sentence: verdict.sentence, subject: subject.slice(0, 4), reasons, waited: taken?.waited ?? "" };
}

// Keeps what the bench says, unless something newer of the same inspection is kept: answers come late and twice. One
// line an inspection. What stands after it.
async function keepNewest(kept, n, answer) {
  const before = (await done(kept.getAll())).filter((one) => one.inspection === answer.inspection);
  const newest = before.reduce((best, one) => (one.number > best.number ? one : best), answer);
  const stands = { ...before.at(-1), ...newest, n: Math.max(n, ...before.map((one) => one.n)) };
  for (const one of before) kept.delete(one.n);
  kept.put(stands);
  return stands;
}

async function keepAnswer(entry, answer) {
  try {
    return await within(["waiting", "parcels", "sent"], "readwrite", async ({ waiting, parcels, sent: kept }) => {
      waiting.delete(entry.n);
      parcels.put({ parcel: entry.parcel, inspection: answer.inspection });
      const stands = await keepNewest(kept, entry.n, answer);
      await trim(kept, MOST_SENT);
      await trim(parcels, MOST_PARCELS); // their names grow with time
      return stands;
    });
  } catch (error) {
    if (error?.name !== "QuotaExceededError") throw error;
    remembered.set(entry.parcel, answer.inspection); // a full disk still lets go of what was answered
    await drop(entry);
    return { n: entry.n, ...answer };
  }
}

const drop = (entry) => within(["waiting"], "readwrite", ({ waiting }) => done(waiting.delete(entry.n)));

// Keeps what the bench says later of an inspection that was sent from here; null when it was not, or is shown no more.
export const renew = (answer) =>
  within(["sent"], "readwrite", async ({ sent: kept }) => {
    const known = (await done(kept.getAll())).some((one) => one.inspection === answer.inspection);
    return known ? keepNewest(kept, 0, answer) : null;
  });

// A refused entry stays whole, so that it can be sent again; where the disk is full its picture alone is let go.
const keepRefusal = (entry, problem) => {
  const keep = (one) => within(["waiting", "refused"], "readwrite", async ({ waiting, refused: kept }) => {
    waiting.delete(entry.n);
    kept.put({ ...one, ...problem });
  });
  return keep(entry).catch((error) => {
    if (error?.name !== "QuotaExceededError") throw error;
    return keep({ ...entry, picture: undefined });
  });
};

// Puts a refused entry at the end of the queue, as it was.
export const again = (n) => within(["waiting", "refused"], "readwrite", async ({ waiting, refused: kept }) => {
  const { n: before, code, detail, ...entry } = await done(kept.get(n));
  kept.delete(before);
  return done(waiting.add(entry));
});

const move = (entry, station) =>
  within(["waiting"], "readwrite", ({ waiting }) => done(waiting.put({ ...entry, station })));

function openAgain(entry) {
  remembered.delete(entry.parcel);
  return within(["parcels"], "readwrite", ({ parcels }) => done(parcels.delete(entry.parcel)));
}

function request({ entry, known }, language) {
  const taken = { at: new Date(entry.made).toISOString(), sent: new Date().toISOString(), by: entry.by };
  const place = known ? { taken } : { station: entry.station, joins: false, taken };
  const what = entry.picture ? "captures" : "codes";
  const address = `/api/v1/inspections${known ? `/${known}/${what}` : ""}?lang=${encodeURIComponent(language)}`;
  const headers = { "Idempotency-Key": entry.key, Accept: "application/json" };
  if (!entry.picture) {
    headers["Content-Type"] = "application/json";
    return [address, headers, JSON.stringify({ ...place, codes: [{ text: entry.text, source: "handheld" }] })];
  }
  const form = new FormData();
  form.append("inspection", new Blob([JSON.stringify({ ...place, camera: "handheld" })], { type: "application/json" }));
  form.append("capture", new Blob([entry.picture], { type: "image/jpeg" }), "capture.jpg");
  return [address, headers, form];
}

// Sends what waits, for as long as the page lives. `told` hears: link(state, status), answered(entry, answer),
// refused(entry), astray(whether the box has no such station), changed(); and is asked for station(). Two pages of one
// handheld take turns where the browser has locks.
export function sending(language, told) {
  let pause = FIRST_PAUSE_MS;
  let wake = () => {};
  const slept = (ms) => new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => { clearTimeout(timer); resolve(); };
  });

  async function one() { // whether to go on at once
    const next = await head();
    if (!next) return false;
    const [address, headers, body] = request(next, language);
    let answer;
    let document;
    try {
      answer = await fetch(address, { method: "POST", headers, body, signal: AbortSignal.timeout(PATIENCE_MS) });
      document = await answer.json();
    } catch {
      told.link("lost", 0);
      return null;
    }
    if (answer.ok) {
      told.link("live", answer.status);
      told.astray(false);
      if (document.verdict) told.answered(next.entry, await keepAnswer(next.entry, said(document)));
      else await drop(next.entry); // a badge: it has signed in, and is kept nowhere
      return true;
    }
    const astray = document.code === "request_unknown_station"; // the box has other stations now
    if (next.known && (astray || answer.status === 404 || document.code === "inspection_conflict")) {
      await openAgain(next.entry); // decided meanwhile, or of a ledger that is gone: a parcel of its own
      return true;
    }
    if (astray) {
      const station = told.station(); // to which this handheld was paired since
      told.astray(true);
      if (!station || station === next.entry.station) return null;
      await move(next.entry, station);
      return true;
    }
    if (AGAIN.has(answer.status)) {
      told.link(answer.status === 401 ? "unknown" : "lost", answer.status);
      return null;
    }
    told.link("live", answer.status);
    await keepRefusal(next.entry, { code: document.code ?? "", detail: document.detail ?? answer.statusText });
    told.refused(next.entry);
    return true;
  }

  const alone = (work) => (navigator.locks ? navigator.locks.request("sekisho-handheld-sending", work) : work());
  (async () => {
    for (;;) {
      const more = await alone(one).catch(() => null);
      await told.changed().catch(() => {});
      if (more) { pause = FIRST_PAUSE_MS; continue; }
      await slept(more === null ? pause : LONGEST_PAUSE_MS);
      pause = more === null ? Math.min(2 * pause, LONGEST_PAUSE_MS) : FIRST_PAUSE_MS;
    }
  })();
  return () => { pause = FIRST_PAUSE_MS; wake(); };
}
