// The officer's decisions, by button and by key. A key arms and Enter confirms; DETAIN is confirmed by button too.
import { act, busy, find, notice, problems } from "./acts.js";
import { openCard, reasonIn, settling, showCard } from "./card.js";
import { play } from "./sound.js";

const ARMED_MS = 10_000;
const AGAIN_MS = 600; // a press twice by shaking hands confirms nothing
const KEYS = { r: "release", e: "refer", d: "detain", u: "undo", n: "next" };

let armed = null; // { what, by, at, inspection, assessment }
let timer = 0;

const place = () => find("#armed");
export function disarm() {
  clearTimeout(timer);
  armed = null;
  place().hidden = true;
}

function arm(what, by) {
  const card = openCard();
  if (!card && what !== "next") return;
  disarm();
  const { inspection, assessment } = card?.dataset ?? {};
  armed = { what, by, at: performance.now(), inspection, assessment };
  place().textContent = place().dataset[`${what}${by}`] ?? place().dataset[what];
  place().hidden = false;
  if (by === "Key") place().focus(); // Enter is for what is asked, and for nothing that had the focus before
  timer = setTimeout(disarm, ARMED_MS);
  play("ask");
}

// Enter confirms what stands asked before the officer's eyes: with a panel over it, or the focus elsewhere, nothing.
export function confirm() {
  const seen = !find("dialog[open]") && [document.body, place()].includes(document.activeElement);
  if (seen) return confirmed();
  if (armed?.by === "Key") disarm();
  return false;
}

// What is confirmed is what was armed: on the same inspection, with the same assessment before the officer's eyes.
function confirmed() {
  if (!armed || performance.now() - armed.at < AGAIN_MS) return false;
  const { what, inspection, assessment } = armed;
  const card = openCard();
  disarm();
  if (card?.dataset.inspection !== inspection || card?.dataset.assessment !== assessment) return false;
  carryOut(what);
  return true;
}

export function byKey(key) {
  const what = KEYS[key.toLowerCase()];
  if (what) arm(what, "Key");
  return Boolean(what);
}

export const reason = () => reasonIn(find("#deciding"))?.value.trim() ?? "";
// What goes along with a barcode of the card: the reason that stands typed, and what the officer sees.
export function beside() {
  const { inspection = "", assessment = 0 } = openCard()?.dataset ?? {};
  return { reason: reason(), shown: { inspection, assessment: Number(assessment) } };
}
const officer = () => find("#officer")?.value.trim() ?? "";
export const signed = (content) => (officer() ? { ...content, officer: officer() } : content);

async function carryOut(what) {
  if (settling()) return;
  const card = openCard();
  if (what === "next") return leave();
  if (!card) return;
  const address = `/inspections/${card.dataset.inspection}`;
  const assessment = Number(card.dataset.assessment); // what the officer has seen: a newer one refuses the decision
  await busy(find("#deciding"), async () => {
    const done = what === "undo"
      ? await act("POST", `${address}/undo`, signed({}))
      : await act("PUT", `${address}/disposition`, signed({ decision: what, reason: reason(), assessment }));
    play(done ? "done" : "refused");
    await showCard(!done); // not waiting for the news
    if (!done) reasonIn(find("#deciding"))?.focus();
  });
}

// What came of a barcode of the desk card: the bench has done it, or the page does. Where this page's own scanner read
// it, its answer and the news of it tell the same, in either order, and one of them may never come: what was carried out
// by the one is passed over by the other.
const TWICE_MS = 20_000;
const answered = new Map(); // what an answer told: until when its news are passed over
const heard = new Map(); // what news told: until when its answer is passed over
function alreadyIn(before, mine, what) {
  const now = performance.now();
  if (before.get(what) > now) {
    before.delete(what);
    return true;
  }
  mine.set(what, now + TWICE_MS);
  return false;
}
export function carried({ done, command, language, inspection }, pages) {
  const said = [done, command, language].filter(Boolean).join(" ");
  if (!alreadyIn(heard, answered, `${said} ${inspection}`)) carryOn(said, inspection, pages);
}
export function told({ said, inspection }, pages) {
  if (!alreadyIn(answered, heard, `${said} ${inspection}`)) carryOn(said, inspection, pages);
}
let code = ""; // of the last refusal
document.body.addEventListener("refused", (event) => { ({ code } = event.detail); });
export function refused() {
  disarm();
  answered.set(`refused ${code} `, performance.now() + TWICE_MS);
}

let own = 0; // barcodes of the card that this page's own scanner has sent, with what is typed here
export async function sending(scan) {
  own += 1;
  try { return await scan(); } finally { own -= 1; }
}

async function carryOn(said, inspection, pages) {
  const [done, what, language] = said.split(" ");
  if (done === "refused") {
    disarm();
    play("refused");
    notice(problems[what] ?? "");
  } else if (done === "again") {
    if (openCard()?.dataset.inspection !== inspection) await showCard();
    if (openCard()?.dataset.inspection !== inspection) return; // told late: another parcel lies here
    disarm();
    place().textContent = place().dataset.detainCard;
    place().hidden = false;
    timer = setTimeout(disarm, 2 * ARMED_MS);
    play("ask");
  } else if (done === "page" && inspection) { // it needs a reason, or a second officer: both are asked for here
    disarm();
    if (openCard()?.dataset.inspection === inspection) carryOut(what);
  } else if (done === "page") pages[what]?.(language);
  else {
    const late = openCard() && openCard().dataset.inspection !== inspection && what !== "next";
    const typed = !late && !own && ["release", "refer", "detain"].includes(what) && reason();
    if (!late) {
      disarm();
      play("done");
    }
    await showCard(false);
    if (typed) notice(document.body.dataset.unwritten); // another scanner's card does not know what is typed here
  }
}

export async function leave() {
  if (settling()) return;
  const inspection = openCard()?.dataset.inspection;
  await busy(find("#next"), async () => {
    // Only the parcel that is seen here is left: sent twice, it never closes the one that follows.
    if (inspection) await act("POST", `/stations/${encodeURIComponent(document.body.dataset.station)}/next`, { inspection });
    showCard();
  });
}

export function watch() {
  find("#deciding").addEventListener("click", (event) => {
    const button = event.target.closest("[data-decision], [data-undo]");
    if (!button || settling()) return;
    const what = button.dataset.decision ?? "undo";
    if (what !== "detain") {
      disarm();
      carryOut(what);
    } else if (armed?.what !== "detain") arm("detain", "Button");
    else confirmed();
  });
  find("#next").addEventListener("submit", (event) => {
    event.preventDefault();
    disarm();
    leave();
  });
  place().addEventListener("click", confirmed);
  place().addEventListener("keydown", (event) => { if (event.repeat) event.preventDefault(); }); // a key held down
  // Whoever turns to something else has taken it back; DETAIN is also confirmed where it was pressed.
  const turned = ({ target }) => {
    if (armed && target !== place() && !(armed.what === "detain" && target.closest("[data-decision=detain]"))) disarm();
  };
  document.addEventListener("focusin", turned);
  document.addEventListener("pointerdown", turned);
}
