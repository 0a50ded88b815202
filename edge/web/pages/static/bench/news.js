// News of the bench. The browser connects again by itself and tells the last event it saw; what came between is told
// again.
import { link, station } from "./acts.js";
import { showAround, showCard } from "./card.js";

const SILENCE_MS = 16_000; // three times the box's sign of life
const AGAIN_MS = 2_000; // between two tries where the browser makes none
const AROUND_MS = 60_000; // how the box is, also while nothing is scanned
const NAMES = ["alive", "reset", "signed_in", "signed_out", "people", "card", "late", "assessed", "disposed", "next"];

export function listen({ onCard }) {
  let news = null;
  let last = document.body.dataset.told; // the event from which on it is told
  let heard = performance.now();
  let wasLost = false;

  function lost() {
    wasLost = true;
    link("lost");
  }
  const people = () => document.body.dispatchEvent(new CustomEvent("people"));
  function alive() {
    heard = performance.now();
    link("live");
    if (wasLost) { wasLost = false; showCard(); showAround(); people(); }
  }
  function told({ type, data, lastEventId }) {
    alive();
    if (lastEventId) last = lastEventId;
    if (type === "alive") return;
    if (type === "reset") { showCard(); showAround(); return; } // another ledger: begin again
    const said = JSON.parse(data);
    const here = said.station === station;
    if (type === "card") { if (here) onCard(said); }
    else if (["signed_in", "signed_out", "people"].includes(type)) { if (here || !said.station) people(); }
    else {
      if (here && type === "disposed") document.body.dispatchEvent(new CustomEvent("decided"));
      const card = here && type !== "late" ? showCard(false) : Promise.resolve();
      card.then(showAround); // the verdict first
    }
  }

  // The browser gives up where it was answered with a refusal, as by a box that is starting, and waits for ever on a
  // line that went dead: then it is asked anew.
  function connect() {
    news?.close();
    heard = performance.now();
    news = new EventSource(`/api/v1/events?after=${last}`);
    news.addEventListener("open", alive);
    news.addEventListener("error", () => {
      lost();
      if (news.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_MS);
    });
    NAMES.forEach((name) => news.addEventListener(name, told));
  }
  connect();
  window.addEventListener("offline", lost);
  setInterval(() => {
    if (performance.now() - heard <= SILENCE_MS) return;
    lost();
    connect();
  }, 1_000);
  setInterval(showAround, AROUND_MS);
}
