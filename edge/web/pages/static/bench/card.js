// The card of the open inspection: fetched as a fragment when there is news, and painted without losing what is typed.
import { around, find, notice } from "./acts.js";
import { lay } from "./faces.js";

const AGAIN_MS = 2_000;
let asked = 0;
const stands = new Map(); // what was painted where, as it came
async function show(target, address, paint, anew) {
  const mine = ++asked;
  target.dataset.asked = mine;
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) { // what stands is old: asked again until the box answers
    setTimeout(() => { if (mine >= Number(target.dataset.asked)) show(target, address, paint, anew); }, AGAIN_MS);
    return;
  }
  if (answer.redirected) { // the browser's sign-in is over
    location.reload();
    return;
  }
  const text = await answer.text();
  if (mine < Number(target.dataset.painted ?? 0)) return; // a newer question was answered first
  target.dataset.painted = mine; // a newer one on its way is not waited for: the verdict stands as soon as it can
  if (!anew && stands.get(target) === text) return;
  const parsed = new DOMParser().parseFromString(text, "text/html");
  stands.set(target, paint(target, parsed.body) === false ? "" : text);
}
const replace = (target, content) => target.replaceChildren(...content.childNodes);
// `anew` paints also what stands there already: a tick that was refused is taken back.
export const showCard = (anew = true) => show(find("#card"), `/pages/card?${around}`, paintCard, anew);
export const showAround = () => show(find("#around"), `/pages/around?${around}`, (place, content) => {
  find("#parts").replaceChildren(content.querySelector(".parts"));
  replace(place, content);
}, false);
export const cardIn = (place) => place.querySelector("[data-inspection]");
export const reasonIn = (place) => place.querySelector("[data-reason]");
export const openCard = () => cardIn(find("#card"));

// A half-written reason outlives the page, as when its language is changed: it waits for the same inspection, in this tab
// alone.
const KEPT = "reason";
window.addEventListener("pagehide", () => {
  const value = reasonIn(find("#deciding"))?.value;
  if (value) sessionStorage.setItem(KEPT, JSON.stringify({ inspection: openCard()?.dataset.inspection, value }));
});
function giveBackReason() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  const place = reasonIn(find("#deciding"));
  if (!kept || !place || kept.inspection !== openCard()?.dataset.inspection) return;
  sessionStorage.removeItem(KEPT);
  place.value ||= kept.value;
}

// A card that has just been put in the place of another takes no decision for a moment: the finger may be on its way
// to a button of the one before.
const SETTLE_MS = 600;
let until = 0;
export const settling = () => performance.now() < until;
function settle() {
  until = performance.now() + SETTLE_MS;
  unlock();
}
// The box sends the buttons disabled: before this page listens, a press would be lost without a word.
function unlock() {
  document.querySelectorAll("#deciding button, #next button").forEach((button) => { button.disabled = settling(); });
  if (settling()) setTimeout(unlock, until - performance.now());
}

const painted = []; // who is told when another card, or a newer assessment of the same, is painted
export const onPaint = (listener) => painted.push(listener);

// The officer's half-written reason stays with its inspection, and goes to no other.
let decidedOn = find("#deciding .decision").outerHTML; // as it came
let composing = false; // an input method is at work: putting in a new field would break off its word
function paintCard(place, content) {
  const before = cardIn(place)?.dataset;
  const after = cardIn(content)?.dataset;
  const same = before?.inspection === after?.inspection;
  if (same && composing) return false; // painted when the word is done
  const old = reasonIn(find("#deciding"));
  const typed = old && (old.value || old === document.activeElement);
  const kept = typed
    && { value: old.value, at: [old.selectionStart, old.selectionEnd], focused: old === document.activeElement };
  const opened = same ? [...place.querySelectorAll("details[open]")].map((one) => one.id) : [];
  const way = place.querySelector("[data-way]")?.dataset.way;
  const decision = content.querySelector(".decision");
  decision.remove();
  if (!same || decision.outerHTML !== decidedOn) { // else it stays, with the finger that is on a button of it
    decidedOn = decision.outerHTML;
    find("#deciding").replaceChildren(decision);
    unlock();
  }
  replace(place, content);
  opened.forEach((id) => place.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", ""));
  lay(place, same ? way : undefined);
  const reason = reasonIn(find("#deciding"));
  if (same && kept && reason) {
    reason.value = kept.value;
    if (kept.focused) { reason.focus(); reason.setSelectionRange(...kept.at); }
  }
  if (!same) giveBackReason();
  if (!same && kept?.value) notice(document.body.dataset.swapped);
  composing = false;
  const other = !same || before?.assessment !== after?.assessment;
  if (before && after && other) settle();
  if (other) painted.forEach((listener) => listener(after));
  return true;
}
find("#deciding").addEventListener("compositionstart", () => { composing = true; });
find("#deciding").addEventListener("compositionend", () => { composing = false; showCard(); });
lay(find("#card"));
unlock();
giveBackReason();
