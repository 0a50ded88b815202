// The bench page: fetches fragments when the bench has news, and sends what the officer does. It judges nothing.
const body = document.body;
const { station, language } = body.dataset;
const around = `station=${encodeURIComponent(station)}&lang=${encodeURIComponent(language)}`;
const api = "/api/v1";
const find = (selector) => document.querySelector(selector);

// A key for each act, so that sending it again does nothing twice. crypto.randomUUID is missing on plain http.
const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

let asked = 0;
async function show(target, address, paint) {
  const mine = ++asked;
  target.dataset.asked = mine;
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok || target.dataset.asked !== String(mine)) return; // a newer question is on its way
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (target.dataset.asked === String(mine)) paint(target, parsed.body);
}
const replace = (target, content) => target.replaceChildren(...content.childNodes);
const showCard = () => show(find("#card"), `/pages/card?${around}`, paintCard);
const showAround = () => show(find("#around"), `/pages/around?${around}`, replace);

// A card that has just been put in the place of another takes no decision for a moment: the finger may be on its way
// to a button of the one before.
const SETTLE_MS = 600;
let settled = 0;
function settle(place) {
  settled = performance.now() + SETTLE_MS;
  const buttons = [...place.querySelectorAll("button"), find("#next button")];
  buttons.forEach((button) => { button.disabled = true; });
  setTimeout(() => buttons.forEach((button) => { button.disabled = false; }), SETTLE_MS);
}

const cardIn = (place) => place.querySelector("[data-inspection]");
const reasonIn = (place) => place.querySelector("[data-reason]");

// The officer's half-written reason stays with its inspection, and goes to no other.
let composing = false; // an input method is at work: putting in a new field would break off its word
function paintCard(place, content) {
  const before = cardIn(place)?.dataset;
  const after = cardIn(content)?.dataset;
  const same = before?.inspection === after?.inspection;
  if (same && composing) return; // painted when the word is done
  const old = reasonIn(place);
  const typed = old && (old.value || old === document.activeElement);
  const kept = typed && { value: old.value, at: [old.selectionStart, old.selectionEnd], focused: old === document.activeElement };
  replace(place, content);
  const reason = reasonIn(place);
  if (same && kept && reason) {
    reason.value = kept.value;
    if (kept.focused) { reason.focus(); reason.setSelectionRange(...kept.at); }
  }
  if (!same && kept?.value) notice(body.dataset.swapped);
  composing = false;
  if (before && after && (!same || before.assessment !== after.assessment)) settle(place);
}
find("#card").addEventListener("compositionstart", () => { composing = true; });
find("#card").addEventListener("compositionend", () => { composing = false; showCard(); });

function notice(text) {
  const place = find("#notice");
  place.textContent = text;
  place.hidden = !text;
}

function link(state) {
  const place = find("#link");
  place.dataset.state = state;
  place.textContent = state === "live" ? body.dataset.live : body.dataset.lost;
  body.classList.toggle("lost", state !== "live");
}

// A problem+json in words of the page's language where it has them; what is none shows as nothing.
const problems = JSON.parse(body.dataset.problems);
function inWords(text) {
  try {
    const problem = JSON.parse(text);
    return problems[problem.code] ?? [problem.detail, problem.hint].filter(Boolean).join(" ");
  } catch {
    return "";
  }
}

function codeOf(text) {
  try { return JSON.parse(text).code ?? ""; } catch { return ""; }
}

// Every act goes through here: it tells what went wrong in the bench's own words and says whether it was done.
async function act(method, address, content, key = newKey()) {
  notice("");
  const form = content instanceof FormData;
  const headers = { "Idempotency-Key": key, Accept: "application/json" };
  if (content !== undefined && !form) headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(api + address, {
      method,
      headers,
      body: content === undefined ? undefined : form ? content : JSON.stringify(content),
    });
    const text = await answer.text();
    if (answer.ok) return true;
    notice(inWords(text) || answer.statusText);
    // people.js may ask who is there, or for a second officer: with that the same act is sent again.
    const again = (more) => act(method, address, { ...content, ...more });
    body.dispatchEvent(new CustomEvent("refused", { detail: { code: codeOf(text), again } }));
  } catch {
    link("lost");
    notice(body.dataset.lost);
  }
  return false;
}

async function busy(form, work) {
  const buttons = form.querySelectorAll("button");
  buttons.forEach((button) => { button.disabled = true; });
  try { return await work(); } finally { buttons.forEach((button) => { button.disabled = false; }); }
}

// On a box without accounts an officer types a name; on one with accounts the box knows who is signed in.
if (find("#officer")) find("#officer").value = localStorage.getItem("officer") ?? "";
body.addEventListener("change", (event) => {
  if (event.target.id === "officer") localStorage.setItem("officer", event.target.value.trim());
});
const signed = (content) => ({ ...content, officer: find("#officer")?.value.trim() ?? "" });
const here = `/stations/${encodeURIComponent(station)}`;

find("#scan").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = find("#code");
  const text = field.value;
  if (!text) return;
  field.value = ""; // free for the next scan at once; put back if it was not taken
  busy(event.target, async () => {
    if (!(await act("POST", `${here}/scans`, signed({ codes: [{ text, source: "typed" }] })))) field.value ||= text;
    field.focus();
  });
});

find("#upload").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = find("#pictures");
  if (!field.files.length) return;
  const form = new FormData();
  form.append("inspection", new Blob([JSON.stringify(signed({}))], { type: "application/json" }));
  for (const file of field.files) form.append("capture", file);
  busy(event.target, async () => {
    if (await act("POST", `${here}/scans`, form)) field.value = "";
    find("#code").focus();
  });
});

find("#next").addEventListener("submit", (event) => {
  event.preventDefault();
  const inspection = cardIn(find("#card"))?.dataset.inspection;
  if (performance.now() < settled) return;
  busy(event.target, async () => {
    // Only the parcel that is seen here is left: sent twice, it never closes the one that follows.
    if (inspection) await act("POST", `${here}/next`, { inspection });
    showCard();
    find("#code").focus();
  });
});

find("#card").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const card = event.target.closest("[data-inspection]");
  if (!button || !card || performance.now() < settled) return;
  const address = `/inspections/${card.dataset.inspection}`;
  const reason = reasonIn(card)?.value.trim() ?? "";
  const assessment = Number(card.dataset.assessment); // what the officer has seen: a newer one refuses the decision
  busy(card, async () => {
    const done = button.dataset.decision
      ? await act("PUT", `${address}/disposition`, signed({ decision: button.dataset.decision, reason, assessment }))
      : await act("POST", `${address}/undo`, signed({}));
    if (!done) showCard();
  });
});

// News. The browser connects again by itself and tells the last event it saw; what came between is told again.
const SILENCE_MS = 16_000; // three times the box's sign of life
const news = new EventSource(`${api}/events?after=${body.dataset.told}`);
let heard = performance.now();
let wasLost = false;

function lost() {
  wasLost = true;
  link("lost");
}
const people = () => body.dispatchEvent(new CustomEvent("people"));
function alive() {
  heard = performance.now();
  link("live");
  if (wasLost) { wasLost = false; showCard(); showAround(); people(); }
}
news.addEventListener("open", alive);
news.addEventListener("alive", alive);
news.addEventListener("error", lost);
window.addEventListener("offline", lost);
setInterval(() => { if (performance.now() - heard > SILENCE_MS) lost(); }, 1_000);
news.addEventListener("reset", () => { alive(); showCard(); showAround(); }); // another ledger: begin again
for (const name of ["signed_in", "signed_out", "people"]) {
  news.addEventListener(name, (event) => {
    alive();
    if (["", station].includes(JSON.parse(event.data).station)) people();
  });
}
news.addEventListener("late", () => { alive(); showAround(); });
for (const name of ["assessed", "disposed", "next"]) {
  news.addEventListener(name, (event) => {
    alive();
    const told = JSON.parse(event.data);
    if (told.station === station) showCard();
    showAround();
  });
}
