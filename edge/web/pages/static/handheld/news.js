// News of this handheld's station: that the bench has said more of an inspection, or that it was decided. News name
// inspections and say nothing of them: what is shown is asked for, so that news may come late, twice or never.
const SILENCE_MS = 16_000; // three times the box's sign of life: a connection that says nothing is none
const PAUSE_MS = 4_000;
const NAMES = ["assessed", "disposed", "late"];

// `told` hears: alive(), lost(), news(inspection, number) and everything(): what came in between is not known.
export function follow(station, told) {
  let source = null;
  let heard = 0;
  let last = ""; // the event that was heard last

  function lost() {
    told.lost();
    if (source?.readyState === EventSource.CLOSED) source = null;
  }
  function alive() {
    heard = performance.now();
    told.alive();
  }
  function begin() {
    source?.close();
    heard = performance.now();
    const after = last ? `&after=${encodeURIComponent(last)}` : "";
    source = new EventSource(`/api/v1/events?station=${encodeURIComponent(station)}${after}`);
    source.addEventListener("open", () => { alive(); if (!last) told.everything(); });
    source.addEventListener("alive", alive);
    source.addEventListener("error", lost);
    source.addEventListener("reset", (event) => { alive(); last = event.lastEventId; told.everything(); });
    for (const name of NAMES) {
      source.addEventListener(name, (event) => {
        alive();
        last = event.lastEventId;
        const { inspection, number } = JSON.parse(event.data);
        told.news(inspection, number);
      });
    }
  }
  let tried = -Infinity;
  function look() {
    const now = performance.now();
    if (source && now - heard > SILENCE_MS) lost();
    if ((source && now - heard <= SILENCE_MS) || now - tried < PAUSE_MS) return;
    tried = now;
    begin();
  }
  look();
  setInterval(look, 1_000);
  addEventListener("online", () => { tried = -Infinity; look(); });
  addEventListener("offline", lost);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
}
