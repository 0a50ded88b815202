// People: a badge scanned anywhere on the page, a PIN by keyboard or keypad, signing out, hand-over. It judges nothing.

const body = document.body;
const { station, language } = body.dataset;
const api = "/api/v1";
const find = (selector) => document.querySelector(selector);
const keypad = find("#keypad");
const fields = keypad.querySelector("form").elements;

function say(text) {
  const place = find("#notice");
  place.textContent = text;
  place.hidden = !text;
}

const problems = JSON.parse(body.dataset.problems);
async function send(method, address, content) {
  try {
    const answer = await fetch(api + address, {
      method,
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: content === undefined ? undefined : JSON.stringify(content),
    });
    const text = await answer.text();
    const told = text ? JSON.parse(text) : {};
    return answer.ok ? { told } : { code: told.code ?? "", words: problems[told.code] ?? [told.detail, told.hint].filter(Boolean).join(" ") };
  } catch {
    return { code: "", words: body.dataset.lost };
  }
}

// --- Who is there ---------------------------------------------------------------------------------------------------

let leaving = 0;
let asked = 0;
let painted = 0;
async function showWho() {
  const place = find("#who");
  if (!place) return;
  const mine = ++asked;
  const address = `/pages/who?station=${encodeURIComponent(station)}&lang=${encodeURIComponent(language)}`;
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine < painted) return; // a newer question was answered first
  painted = mine;
  const typed = find("#officer")?.value;
  const before = find("#person")?.textContent;
  place.replaceChildren(...parsed.body.childNodes);
  if (typed && find("#officer")) find("#officer").value = typed;
  watch();
  if (second && find("#person")?.textContent !== before) close(); // whoever asked is there no more
}

// A session's end is seen when it comes: the parcel stays on the screen, and the keypad opens beside it.
function watch() {
  clearTimeout(leaving);
  const present = find("#present");
  if (!present) return;
  find("#person")?.replaceChildren(present.querySelector(".present b")?.textContent ?? "");
  const left = Number(present.dataset.left);
  if (left > 0) leaving = setTimeout(showWho, Math.min(left * 1000 + 1_500, 2 ** 31 - 1));
  if (present.dataset.timedOut) open(false);
}
body.addEventListener("people", showWho);
body.addEventListener("decided", () => { if (second) close(); }); // a gun of the station read the second badge

// --- The keypad -----------------------------------------------------------------------------------------------------

let second = null; // what a second officer's badge or PIN completes
let code = ""; // of the last refusal
const ASKED_AGAIN = /^(second_person_conflict|access_(?!person)|request_)/; // by another badge or PIN it can be done yet
let field = fields.person;
function open(focus, title = body.dataset.shift ? "next" : "title") {
  const head = find("#keypad-title");
  head.textContent = head.dataset[title];
  refused("");
  const before = document.activeElement;
  if (!keypad.open) keypad.show();
  if (focus) fields.person.focus();
  else before?.focus(); // a scan goes on where it went
}
function forget() {
  fields.person.value = "";
  fields.pin.value = "";
  second = null;
  field = fields.person;
}
function close() {
  forget();
  if (keypad.open) keypad.close();
}
// However it is closed, by a scan of the next parcel too: whoever shows a badge later agrees to nothing of before.
keypad.addEventListener("close", () => { if (!keypad.open) forget(); });
function refused(words) {
  const place = keypad.querySelector("[data-refused]");
  place.textContent = words;
  place.hidden = !words;
}
for (const one of [fields.person, fields.pin]) one.addEventListener("focus", () => { field = one; });
keypad.addEventListener("click", (event) => {
  const key = event.target.closest("button")?.dataset.key;
  if (event.target.closest("[data-close]")) close();
  else if (key === "clear") field.value = field.value.slice(0, -1);
  else if (key === "switch") field = field === fields.person ? fields.pin : fields.person;
  else if (key && field.value.length < field.maxLength) field.value += key;
  if (key) field.focus();
});
keypad.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (fields.person.value && !fields.pin.value) { fields.pin.focus(); return; }
  const pin = fields.pin.value;
  fields.pin.value = "";
  await claim({ person: fields.person.value, pin });
});
document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-sign-in]")) {
    document.querySelectorAll("dialog:modal").forEach((panel) => panel.close()); // what lies below one cannot be touched
    open(true);
  }
  if (event.target.closest("[data-print]")) print();
  if (event.target.closest("[data-alone]")) await handOver({ alone: true });
  const leave = event.target.closest("[data-sign-out]");
  if (leave) {
    const own = leave.dataset.signOut === "own"; // of this browser alone: who is at the station stays there
    const { words } = await send("DELETE", `/session?station=${encodeURIComponent(station)}&own=${own}`);
    say(words ?? "");
    if (!words && body.classList.contains("supervisor")) location.reload();
    await showWho();
  }
});

// A badge, or an id and its PIN: for whatever it is that was asked for.
async function claim(proof) {
  say("");
  refused(""); // what is told next is of this one
  let words;
  if (second) {
    const again = second;
    if (await again({ second: proof }) || !ASKED_AGAIN.test(code)) close();
    else {
      if (!keypad.open) open(false, "second");
      second = again; // whoever comes next may agree
      refused(find("#notice").textContent);
    }
    return;
  }
  if (body.dataset.shift) ({ words } = await handOver(proof));
  else ({ words } = await send("POST", "/session", { ...proof, station, own: body.dataset.own === "true" }));
  if (words) {
    if (keypad.open) { refused(words); fields.pin.focus(); } else say(words);
    return;
  }
  close();
  if (body.classList.contains("shift") && !body.dataset.shift) location.reload();
  await showWho();
}

// --- Hand-over ------------------------------------------------------------------------------------------------------

async function handOver(proof) {
  const note = find("#hand-over textarea").value;
  const answer = await send("POST", "/shift/hand-over", { ...proof, station, note });
  if (answer.told) location.assign(`/shift/${answer.told.sequence}?lang=${encodeURIComponent(language)}`);
  else if (!keypad.open) say(answer.words);
  return answer;
}
find("#hand-over")?.addEventListener("submit", (event) => {
  event.preventDefault();
  handOver({ officer: event.target.elements.officer?.value.trim() ?? "" });
});

// --- What the bench refused -----------------------------------------------------------------------------------------

body.addEventListener("refused", (event) => {
  ({ code } = event.detail);
  if (event.detail.code === "access_person") { showWho(); open(false); }
  if (event.detail.code === "second_person_conflict") {
    second = event.detail.again;
    open(false, "second");
  }
});

// --- A badge, scanned with whatever in focus ------------------------------------------------------------------------

// Called by the listener of the page: bench.js, handheld.js, elsewhere.js.
export const badge = (read) => claim({ badge: read });

watch();
