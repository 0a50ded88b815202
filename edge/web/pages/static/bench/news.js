// News of the bench. The browser connects again by itself and tells the last event it saw; what came between is told
// again.
import { link, station } from "./acts.js";
import { showAround, showCard } from "./card.js";

const SILENCE_MS = 16_000; // three times the box's sign of life

export function listen({ onCard }) {
  const news = new EventSource(`/api/v1/events?after=${document.body.dataset.told}`);
  let heard = performance.now();
  let wasLost = false;

  function lost() {
    wasLost = true;
    link("lost");
  }
  function alive() {
    heard = performance.now();
    link("live");
    if (wasLost) { wasLost = false; showCard(); showAround(); people(); }
  }
  const people = () => document.body.dispatchEvent(new CustomEvent("people"));
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
  news.addEventListener("card", (event) => {
    alive();
    const told = JSON.parse(event.data);
    if (told.station === station) onCard(told.said);
  });
  news.addEventListener("late", () => { alive(); showAround(); });
  for (const name of ["assessed", "disposed", "next"]) {
    news.addEventListener(name, (event) => {
      alive();
      const told = JSON.parse(event.data);
      const card = told.station === station ? showCard(false) : Promise.resolve();
      card.then(showAround); // the verdict first
    });
  }
}
