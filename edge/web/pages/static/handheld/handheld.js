// The handheld's page: takes codes and pictures into its own queue, and shows what the bench says of them.
import { listen } from "../bench/wedge.js";
import { play } from "../bench/sound.js";
import * as camera from "./camera.js";
import { nextParcel, parcelOf } from "./parcel.js";
import * as queue from "./queue.js";

const body = document.body;
const words = body.dataset;
const find = (selector) => document.querySelector(selector);
const problems = JSON.parse(words.problems);
const RECENT_MS = 15_000; // an answer to what is older comes without a sound
const PING_MS = 10_000;

const kept = (name, otherwise) => { try { return JSON.parse(localStorage.getItem(name)) ?? otherwise; } catch { return otherwise; } };
const mine = kept("mine", { station: "", join_s: 20, name: "" });
let stop = null; // ends the camera

function made(tag, text, options = {}) {
  const element = Object.assign(document.createElement(tag), options);
  element.textContent = text;
  return element;
}

function notice(text) {
  const place = find("#notice");
  place.textContent = text;
  place.hidden = !text;
}

function link(state) {
  const place = find("#link");
  place.dataset.state = state;
  place.textContent = { live: words.live, unknown: "?", lost: "!" }[state] ?? "";
  place.title = { lost: words.hhOffline, unknown: words.hhNotPaired }[state] ?? "";
}

// --- What the bench says ----------------------------------------------------------------------------------------------

const shape = (outcome) => find(`[data-shape="${outcome}"] svg`).cloneNode(true);

function paint(answer) {
  const head = made("header", "", { className: `verdict ${answer.outcome}` });
  const text = made("div", "");
  text.append(made("h2", answer.sentence));
  head.append(shape(answer.outcome), text);
  const reasons = made("ol", "");
  for (const reason of answer.reasons) reasons.append(made("li", reason, { dir: "auto" }));
  const place = find("#verdict");
  place.dataset.inspection = answer.inspection;
  place.dataset.outcome = answer.outcome;
  place.replaceChildren(head, made("p", answer.subject.join(" · "), { className: "subject" }), reasons);
}

function waits(text) {
  const place = find("#verdict");
  delete place.dataset.inspection;
  delete place.dataset.outcome;
  place.replaceChildren(made("p", text, { className: "quiet" }));
}

async function changed() {
  const [count, refused, sent] = await Promise.all([queue.count(), queue.refused(), queue.sent()]);
  const waiting = find("#waiting");
  waiting.dataset.count = count;
  waiting.textContent = count ? `${words.hhWaiting}: ${count}` : words.hhAllSent;
  find("#refused").hidden = !refused.length;
  find("#refused ul").replaceChildren(...refused.map((one) => {
    const line = made("li", "");
    line.append(made("p", [one.text, problems[one.code] ?? one.detail].filter(Boolean).join(": "), { dir: "auto" }));
    const button = made("button", words.hhUnderstood, { type: "button" });
    button.addEventListener("click", async () => { await queue.forget(one.n); await changed(); });
    line.append(button);
    return line;
  }));
  find("#sent").replaceChildren(...sent.reverse().map((one) => {
    const line = made("li", "");
    line.dataset.inspection = one.inspection;
    line.append(shape(one.outcome), made("p", `${one.sentence} · ${one.subject.join(" · ")}`));
    return line;
  }));
}

let newest = 0; // place in the queue of what was put in last
const wake = queue.sending(words.language, {
  changed,
  link(state, status) {
    link(state);
    if (status === 401) notice(words.hhNotPaired);
    else if (state === "lost") notice(words.hhOffline);
    else if ([words.hhOffline, words.hhNotPaired].includes(find("#notice").textContent)) notice("");
    if (state !== "live" && find("#verdict .working")) waits(words.hhKept);
  },
  answered(entry, answer) {
    const old = entry.n < newest;
    if (!old) paint(answer);
    if (!old && Date.now() - entry.made < RECENT_MS) play(answer.outcome);
  },
  refused(entry) {
    if (entry.n >= newest) waits(words.hhRefused);
    play("refused");
  },
});

// --- What comes in ----------------------------------------------------------------------------------------------------

async function take(content) {
  play("heard");
  const parcel = parcelOf(content.text ?? "", mine.join_s, queue.newKey);
  try {
    newest = await queue.put({ parcel, station: mine.station, ...content });
  } catch (error) {
    // Whatever the fault: it lies nowhere, and whoever scanned has to know.
    notice(error?.name === "QuotaExceededError" ? words.hhFull : `${words.hhFull} (${error?.name ?? error})`);
    play("refused");
    return false;
  }
  if ([words.hhFull].includes(find("#notice").textContent)) notice("");
  waits(find("#link").dataset.state === "lost" ? words.hhKept : words.working);
  find("#verdict .quiet").classList.toggle("working", find("#link").dataset.state !== "lost");
  await changed();
  wake();
  return true;
}

listen({ onScan: (text) => take({ text }), onBadge: signIn });

find("#scan").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = find("#code");
  const text = field.value;
  if (!text) return;
  field.value = ""; // free for the next scan at once; put back if it was not kept
  if (/^SEKI[0-9]{4,}$/i.test(text)) { await signIn(text.toUpperCase()); return; }
  if (!(await take({ text }))) field.value ||= text;
});

find("#picture").addEventListener("change", async (event) => {
  for (const file of event.target.files) await take({ picture: await camera.ofFile(file) });
  event.target.value = "";
});

find("#next").addEventListener("click", () => {
  nextParcel();
  read.clear();
  waits("");
  find("#code").focus();
});

// --- Camera -----------------------------------------------------------------------------------------------------------

const video = find("video");
async function shoot() {
  if (!video.videoWidth) return;
  await take({ picture: await camera.jpeg(video, video.videoWidth, video.videoHeight) });
}

let reader = null;
let reading = false;
const read = new Set(); // codes that the camera has seen of this parcel
async function look(source) {
  if (reading) return;
  reading = true;
  try {
    reader ??= (await import("./barcodes.js")).reader();
    for (const text of await (await reader)(source)) {
      if (read.has(text)) continue;
      read.add(text);
      const badge = /SEKI[0-9]{4,}$/.exec(text);
      if (badge) await signIn(badge[0]);
      else await take({ text });
    }
  } catch {
    // Without a reader the bench reads the picture.
  } finally {
    reading = false;
  }
}

find("#camera-on").hidden = !camera.available();
find("#camera-on").addEventListener("click", async () => {
  try {
    find("#camera").hidden = false;
    read.clear();
    stop = await camera.opened(video, {
      hint(name) {
        const place = find("#hint");
        if (place.dataset.hint === name) return;
        place.dataset.hint = name;
        place.textContent = words[`hint${name[0].toUpperCase()}${name.slice(1)}`];
      },
      good() { if (find("#auto").checked) shoot(); },
      frame: look,
    });
    find("#camera-on").hidden = true;
  } catch {
    find("#camera").hidden = true;
    notice(words.hhNoCamera);
  }
});
find("#camera-off").addEventListener("click", () => {
  stop?.();
  stop = null;
  find("#camera").hidden = true;
  find("#camera-on").hidden = false;
});
find("#take").addEventListener("click", shoot);

// --- Who this is ------------------------------------------------------------------------------------------------------

async function asked(method, address, content) {
  const headers = { Accept: "application/json" };
  if (content) headers["Content-Type"] = "application/json";
  const answer = await fetch(`/api/v1${address}`, { method, headers, body: content && JSON.stringify(content) });
  return { status: answer.status, told: await answer.json() };
}

const inWords = ({ code, detail, hint }) => problems[code] ?? [detail, hint].filter(Boolean).join(" ");

function showPerson(session) {
  const nobody = session.accounts || session.needed ? `${words.nobodySignedIn} ${words.scanBadge}` : "";
  find("#who").textContent = session.person ? session.person.name : nobody;
}

async function signIn(badge) {
  try {
    const { status, told } = await asked("POST", "/session", { badge, own: true });
    if (status === 200) { showPerson(told); notice(""); play("done"); } else { notice(inWords(told)); play("refused"); }
  } catch {
    notice(words.hhOffline);
  }
}

async function pair() {
  const token = new URLSearchParams(location.hash.slice(1)).get("pair");
  if (!token) return;
  history.replaceState(null, "", location.pathname + location.search); // the token stays in no history
  const { status, told } = await asked("POST", "/handhelds/pair", { token });
  if (status !== 200) notice(inWords(told));
  else mine.station = "";
}

async function meet() {
  const { status, told } = await asked("GET", "/handhelds/mine");
  if (status === 401) { link("unknown"); notice(words.hhNotPaired); return; }
  if (status !== 200) return;
  Object.assign(mine, { station: told.station, join_s: told.join_s, name: told.handheld?.name ?? "" });
  localStorage.setItem("mine", JSON.stringify(mine));
  link("live");
  const session = await asked("GET", `/session?station=${encodeURIComponent(mine.station)}`);
  if (session.status === 200) showPerson(session.told);
}

const showMine = () => { find("#where").textContent = [mine.name, mine.station].filter(Boolean).join(" · "); };
async function start() {
  showMine();
  try {
    await pair();
    await meet();
    showMine();
  } catch {
    link("lost");
    notice(words.hhOffline);
  }
  wake();
  document.documentElement.dataset.ready = "yes";
}

setInterval(async () => {
  if (find("#link").dataset.state === "live" && !document.hidden) return;
  try {
    if (find("#link").dataset.state !== "live") { await meet(); if (find("#link").dataset.state === "live") { notice(""); showMine(); } }
    wake();
  } catch { link("lost"); }
}, PING_MS);
addEventListener("online", wake);
addEventListener("offline", () => link("lost"));

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("/handheld/worker.js", { scope: "/handheld" }).catch(() => {});
  navigator.serviceWorker.ready.then(({ active }) => {
    const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
    active.postMessage([location.pathname, ...loaded]);
  });
}
navigator.storage?.persist?.().catch(() => {});
start();
