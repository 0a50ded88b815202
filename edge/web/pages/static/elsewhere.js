// A scan on a page that takes none. It presses nothing, and whoever scanned hears and reads that it was not taken. A
// badge does what the page has for it.
import { play } from "./bench/sound.js";
import { listen } from "./bench/wedge.js";

const { body } = document;

function place() {
  const found = document.querySelector("#notice");
  if (found) return found;
  const made = Object.assign(document.createElement("p"), { id: "notice" });
  made.setAttribute("role", "alert");
  (document.querySelector("main") ?? body).prepend(made);
  return made;
}

function missed() {
  play("refused");
  const notice = place();
  notice.textContent = document.documentElement.dataset.elsewhere;
  notice.hidden = false;
  notice.scrollIntoView({ block: "nearest" });
}

listen({
  onScan: missed,
  onBadge: async (badge) => (body.classList.contains("shift") ? (await import("./people.js")).badge(badge) : missed()),
});
