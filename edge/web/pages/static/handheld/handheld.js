// The handheld's page: takes codes and pictures into its own queue, and shows what the bench says of them.
import { listen } from "../bench/wedge.js";
import { play } from "../bench/sound.js";
import * as camera from "./camera.js";
import { deciding } from "./decide.js";
import { follow } from "./news.js";
import { nextParcel, parcelOf } from "./parcel.js";
import * as queue from "./queue.js";

const body = document.body;
const words = body.dataset;
const find = (selector) => document.querySelector(selector);
const problems = JSON.parse(words.problems);
const RECENT_MS = 15_000; // an answer to what is older comes without a sound
const PING_MS = 10_000;
const CLOCK_MS = 120_000; // a clock that is further from the box's is told to be wrong
const UNTRUSTED_MS = 20_000; // so long with a network and without the bench: it may be another reason than the air
const BADGE = /^\s*(?:\][A-Za-z][0-9A-Za-z])?(SEKI[0-9]{4,})\s*$/i;
const CARD = /^\s*(?:\][A-Za-z][0-9A-Za-z])?SEKIX/i;

const kept = (name, otherwise) => { try { return JSON.parse(localStorage.getItem(name)) ?? otherwise; } catch { return otherwise; } };
const mine = kept("mine", { station: "", join_s: 20, name: "" });
body.dataset.station = mine.station;
const people = await import("../people.js"); // it asks for the station while it is loaded
let stop = null; // ends the camera

function made(tag, text, options = {}) {
  const element = Object.assign(document.createElement(tag), options);
  element.textContent = text;
  return element;
}

// What became of the last act; people.js writes there too.
function notice(text) {
  const place = find("#notice");
  place.textContent = text;
  place.hidden = !text;
}

// What holds for as long as it holds: no connection, no pairing, a wrong clock, a browser that keeps nothing.
const holding = new Map();
function standing(what, text) {
  if ((holding.get(what) ?? "") === text) return;
  if (text) holding.set(what, text);
  else holding.delete(what);
  find("#standing").replaceChildren(...[...holding.values()].map((one) => made("p", one)));
}

let lostAt = Infinity;
function link(state) {
  const place = find("#link");
  if (state !== "lost") lostAt = Infinity;
  else if (lostAt === Infinity) lostAt = performance.now();
  const untrusted = navigator.onLine && performance.now() - lostAt > UNTRUSTED_MS;
  standing("link", {
    lost: untrusted ? words.hhUntrusted : words.hhOffline,
    unknown: mine.name ? words.hhWithdrawn : words.hhNotPaired,
  }[state] ?? "");
  place.textContent = { live: words.live, unknown: "?", lost: "!" }[state] ?? "";
  if (place.dataset.state === state) return;
  place.dataset.state = state;
  decided();
}
const live = () => find("#link").dataset.state === "live";

// --- What the bench says ----------------------------------------------------------------------------------------------

const shape = (outcome) => find(`[data-shape="${outcome}"] svg`).cloneNode(true);
let shown = null; // what the bench said of the parcel on the screen
let waiting = 0;

function paint(answer) {
  shown = answer;
  const head = made("header", "", { className: `verdict ${answer.outcome}` });
  const text = made("div", "");
  text.append(made("h2", answer.sentence), made("p", words.advice));
  head.append(shape(answer.outcome), text);
  const reasons = made("ol", "");
  for (const reason of answer.reasons) reasons.append(made("li", reason, { dir: "auto" }));
  const late = (answer.late ?? []).map((one) => made("p", `△ ${one}`, { className: "late" }));
  const place = find("#verdict");
  place.dataset.inspection = answer.inspection;
  place.dataset.outcome = answer.outcome;
  const waited = answer.waited ? [made("p", `${words.hhSeenBefore}: ${answer.waited}`, { className: "subject waited" })] : [];
  place.replaceChildren(head, made("p", answer.subject.join(" · "), { className: "subject" }), ...waited, ...late, reasons);
  decided();
}

function waits(text) {
  shown = null;
  const place = find("#verdict");
  delete place.dataset.inspection;
  delete place.dataset.outcome;
  place.replaceChildren(made("p", text, { className: "quiet" }));
  decided();
}

const decisions = deciding(words, asked, {
  done() { notice(""); play("done"); },
  refused(problem) { notice(inWords(problem)); play("refused"); },
  changed(inspection) { stale.set(inspection, Infinity); renew(); },
});
const decided = () => decisions(shown, !live() ? words.hhDecideLater : waiting ? words.hhDecideSent : "");

function refusedLine(one) {
  const line = made("li", "");
  line.append(made("p", [one.text, problems[one.code] ?? one.detail].filter(Boolean).join(": "), { dir: "auto" }));
  const button = made("button", words.hhUnderstood, { type: "button" });
  button.addEventListener("click", async () => { await queue.forget(one.n); await changed(); });
  const buttons = made("div", "", { className: "buttons" });
  if (one.text || one.picture) {
    const again = made("button", words.hhAgain, { type: "button" });
    again.addEventListener("click", async () => { newest = await queue.again(one.n); await changed(); wake(); });
    buttons.append(again);
  }
  buttons.append(button);
  line.append(buttons);
  return line;
}

function sentLine(one) {
  const line = made("li", "");
  line.dataset.inspection = one.inspection;
  const button = made("button", "", { type: "button" });
  const told = [words[one.decision] ?? "", one.sentence, ...one.subject].filter(Boolean).join(" · ");
  button.append(shape(one.outcome), made("span", told));
  button.addEventListener("click", () => { paint(one); scrollTo(0, 0); stale.set(one.inspection, Infinity); renew(); });
  line.append(button);
  return line;
}

async function changed() {
  try {
    const [count, refused, sent] = await Promise.all([queue.count(), queue.refused(), queue.sent()]);
    waiting = count;
    const place = find("#waiting");
    place.dataset.count = count;
    place.textContent = count ? `${words.hhWaiting}: ${count}` : words.hhAllSent;
    find("#refused").hidden = !refused.length;
    find("#refused ul").replaceChildren(...refused.map(refusedLine));
    find("#sent").replaceChildren(...sent.reverse().map(sentLine));
    standing("disk", "");
  } catch (error) {
    standing("disk", `${words.hhKeepsNothing} (${error?.name ?? error})`);
  }
  decided();
  renew();
}

// News name an inspection: it is asked for when it was sent from here and what is kept of it is older. While the queue
// is being sent only the parcel on the screen is asked for.
const stale = new Map(); // inspections by the number of the assessment that the bench has told of
let renewing = false;
async function renew() {
  if (renewing || !live()) return;
  renewing = true;
  try {
    const sent = new Map((await queue.sent()).map((one) => [one.inspection, one]));
    for (const [inspection, number] of stale) {
      const known = sent.get(inspection);
      if (waiting && inspection !== shown?.inspection) continue;
      stale.delete(inspection); // before it is asked for: what comes meanwhile is asked for again
      if (!known || (number && number <= known.number)) continue;
      const { status, told } = await asked("GET", `/inspections/${inspection}?lang=${encodeURIComponent(words.language)}`);
      if (status === 200) await renewed(told, known);
      else if (status !== 404) { stale.set(inspection, number); break; } // 404: of a ledger that is gone
    }
  } catch {
    for (const { inspection } of await queue.sent().catch(() => [])) stale.set(inspection, Infinity);
  } finally {
    renewing = false;
  }
}

async function renewed(told, before) {
  const by = told.dispositions.findLast((one) => one.decision);
  const officer = told.decision && by.officer !== "not signed in" ? by.officer : "";
  const late = told.late.map((one) => one.sentence);
  const answer = await queue.renew({ ...queue.said(told.latest), decision: told.decision ?? "", officer, late });
  if (!answer) return;
  if (shown?.inspection === answer.inspection) {
    const other = shown.outcome !== answer.outcome || late.length > (shown.late ?? []).length;
    paint(answer);
    if (other) play(answer.outcome);
  }
  if (JSON.stringify(before) !== JSON.stringify(answer)) await changed();
}

let newest = 0; // place in the queue of what was put in last
const wake = queue.sending(words.language, {
  changed,
  link(state) {
    link(state);
    if (state !== "live" && find("#verdict .working")) waits(words.hhKept);
  },
  answered(entry, answer) {
    const old = entry.n < newest;
    if (!old) paint(answer);
    if (!old && Math.abs(Date.now() - entry.made) < RECENT_MS) play(answer.outcome);
  },
  station: () => mine.station,
  astray(is) { standing("astray", is ? words.hhStation : ""); },
  refused(entry) {
    if (entry.n >= newest) waits(words.hhRefused);
    play("refused");
  },
});

// Who is signed in here, as the box said last; "" from the moment on in which somebody else may be. Each entry of the
// queue carries it: what is sent when another has signed in is nobody's.
let signed = kept("signed", "");
function know(person) {
  signed = person;
  try { localStorage.setItem("signed", JSON.stringify(person)); } catch { /* a full disk: known until it is closed */ }
}
new MutationObserver(() => know(find("#present")?.dataset.person ?? "")).observe(find("#who"), { childList: true });
find("#keypad form").addEventListener("submit", () => know(""));
body.addEventListener("click", (event) => { if (event.target.closest("[data-sign-out]")) know(""); });

// --- What comes in ----------------------------------------------------------------------------------------------------

// Whether it lies in the queue, or was none of its affair.
async function take(content) {
  const badge = BADGE.exec(content.text ?? "");
  if (badge) {
    know("");
    await people.badge(badge[1].toUpperCase());
    if (!signed) body.dispatchEvent(new CustomEvent("people"));
    return true;
  }
  if (CARD.test(content.text ?? "")) { notice(words.hhCard); play("refused"); return true; }
  play("heard");
  notice("");
  try {
    const parcel = parcelOf(content.text ?? "", mine.join_s, queue.newKey);
    newest = await queue.put({ parcel, station: mine.station, by: signed, ...content });
  } catch (error) {
    // Whatever the fault: it lies nowhere, and whoever scanned has to know.
    notice(error?.name === "QuotaExceededError" ? words.hhFull : `${words.hhKeepsNothing} (${error?.name ?? error})`);
    play("refused");
    return false;
  }
  waits(find("#link").dataset.state === "lost" ? words.hhKept : words.working);
  find("#verdict .quiet").classList.toggle("working", find("#link").dataset.state !== "lost");
  await changed();
  wake();
  return true;
}

listen({ onScan: (text) => take({ text }), onBadge: (text) => take({ text }) });

find("#scan").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = find("#code");
  const text = field.value;
  if (!text) return;
  field.value = ""; // free for the next scan at once; put back if it was not kept
  if (!(await take({ text }))) field.value ||= text;
});

find("#picture").addEventListener("change", async (event) => {
  for (const file of event.target.files) await take({ picture: await camera.ofFile(file) });
  event.target.value = "";
});

find("#next").addEventListener("click", () => {
  nextParcel();
  read.clear();
  waits(""); // without a focus: on a phone it would bring up the keyboard, and a scanner needs none
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
      await take({ text });
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
    scrollTo(0, 0);
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

function inWords({ code, detail, hint }) {
  return problems[code] ?? [detail, hint].filter(Boolean).join(" ");
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
  if (status === 401) { link("unknown"); return; }
  if (status !== 200) return;
  const away = Math.abs(Date.parse(told.at) - Date.now());
  standing("clock", told.clock !== "untrusted" && away > CLOCK_MS ? words.hhClock : "");
  Object.assign(mine, { station: told.station, join_s: told.join_s, name: told.handheld?.name ?? "" });
  try { localStorage.setItem("mine", JSON.stringify(mine)); } catch { /* a full disk: known until it is closed */ }
  body.dataset.station = mine.station;
  find("#where").textContent = [mine.name, mine.station].filter(Boolean).join(" \u00b7 ");
  link("live");
  hear();
  body.dispatchEvent(new CustomEvent("people"));
}

let hearing = false;
function hear() {
  if (hearing) return;
  hearing = true;
  follow(mine.station, {
    alive() { if (!live()) meet().then(wake, () => {}); },
    lost() { if (live()) link("lost"); },
    news(inspection, number) { stale.set(inspection, number || Infinity); renew(); },
    async everything() {
      for (const { inspection } of await queue.sent().catch(() => [])) stale.set(inspection, Infinity);
      renew();
    },
  });
}

async function start() {
  find("#where").textContent = [mine.name, mine.station].filter(Boolean).join(" \u00b7 ");
  try {
    await pair();
    await meet();
  } catch {
    link("lost");
  }
  wake();
  document.documentElement.dataset.ready = "yes";
}

setInterval(async () => {
  if (live()) return;
  try { await meet(); wake(); } catch { link("lost"); }
}, PING_MS);
addEventListener("online", () => meet().then(wake, () => {}));
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
