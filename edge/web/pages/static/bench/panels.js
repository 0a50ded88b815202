// What lies one key away: the facts of an inspection, the menu, the keys. Each is a dialog that Escape closes.
import { act, find, language, notice } from "./acts.js";
import { onPaint, openCard, showCard } from "./card.js";
import { disarm, signed } from "./decide.js";
import { play, setVolume, volumeStep } from "./sound.js";

export function toggle(name) {
  const panel = find(`#${name}`);
  disarm(); // nothing is asked behind a panel
  if (panel.open) return panel.close();
  document.querySelectorAll("dialog[open]").forEach((other) => other.close());
  panel.showModal();
  return undefined;
}

export function open(name) {
  if (!find(`#${name}`).open) toggle(name);
}

// The facts are looked up when they are asked for: the verdict is painted without them.
let asked = 0;
let of = ""; // the inspection whose facts were shown last
export async function facts(part) {
  const card = openCard();
  if (!card) return;
  const panel = find("#facts");
  const address = `/pages/facts?inspection=${card.dataset.inspection}&lang=${encodeURIComponent(language)}`;
  const mine = ++asked;
  let text;
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.statusText);
    text = await answer.text();
  } catch {
    if (mine === asked) notice(document.body.dataset.unanswered);
    return;
  }
  if (mine !== asked || openCard()?.dataset.inspection !== card.dataset.inspection) return; // of a parcel that is gone
  const parsed = new DOMParser().parseFromString(text, "text/html");
  of = card.dataset.inspection;
  find("#facts-body").replaceChildren(...parsed.body.childNodes);
  if (!panel.open) toggle("facts");
  find(`#facts-${part}`)?.scrollIntoView();
}

function volumes() {
  document.querySelectorAll("button[data-volume]").forEach((button) => {
    button.setAttribute("aria-pressed", String(Number(button.dataset.volume) === volumeStep()));
  });
}
export function mute() {
  setVolume(volumeStep() ? 0 : 2);
  volumes();
  if (volumeStep()) play("heard");
}

export function watch() {
  volumes();
  onPaint((card) => { if (card?.inspection !== of) find("#facts").close(); }); // they are of another parcel
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener instanceof HTMLAnchorElement) event.preventDefault();
    if (opener) opener.dataset.open.startsWith("facts") ? facts(opener.dataset.open.split("-")[1]) : toggle(opener.dataset.open);
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
    const step = event.target.closest("button[data-volume]");
    if (step) {
      setVolume(Number(step.dataset.volume));
      volumes();
      play("heard");
    }
  });
  find("#card").addEventListener("change", async (event) => {
    const tick = event.target.closest("[data-point]");
    const card = openCard();
    if (!tick || !card) return;
    const content = signed({
      recordation: tick.dataset.recordation, point: Number(tick.dataset.point), observed: tick.value,
    });
    notice("");
    if (!(await act("PUT", `/inspections/${card.dataset.inspection}/observations`, content))) showCard();
  });
}
