// The bench page: it paints what the bench says, and sends what the officer does. It judges nothing.
import { act, busy, find, here, language, notice } from "./acts.js";
import { onPaint, openCard, showCard } from "./card.js";
import * as decide from "./decide.js";
import * as faces from "./faces.js";
import * as news from "./news.js";
import * as panels from "./panels.js";
import * as people from "../people.js";
import { play } from "./sound.js";
import * as wedge from "./wedge.js";

// On a box without accounts an officer types a name; on one with accounts the box knows who is signed in.
if (find("#officer")) find("#officer").value = localStorage.getItem("officer") ?? "";
document.body.addEventListener("change", (event) => {
  if (event.target.id === "officer") localStorage.setItem("officer", event.target.value.trim());
});

// What a barcode of the desk card asks of the page itself. Asked twice it is as asked once.
const pages = {
  help: () => panels.open("help"),
  language: (wanted) => {
    if (wanted === language) return;
    const address = new URL(location.href);
    address.searchParams.set("lang", wanted);
    location.assign(address);
  },
};

// A scan is heard at once, whatever the box says of it later.
async function scan(text, source) {
  const before = openCard()?.dataset;
  play("heard");
  document.querySelectorAll("dialog[open]:not(#entry)").forEach((panel) => panel.close());
  // The desk card's secret decides: it is never shown, whatever stands before it.
  const shown = text.replace(/(\][A-Za-z][0-9A-Za-z])?SEKIX.*$/is, find("#heard").dataset.card);
  find("#heard").textContent = shown.replaceAll(/[\x00-\x1f]/g, "·");
  decide.disarm();
  const card = wedge.CARD.test(text);
  const sent = decide.signed({ codes: [{ text, source }], ...(card && decide.beside()) });
  const post = () => act("POST", `${here}/scans`, sent);
  const answer = await (card ? decide.sending(post) : post());
  if (answer === null) {
    play("refused");
    decide.refused();
    return false;
  }
  if (answer.command) { // a desk card: the news tell it too, sooner or later or never
    decide.carried(answer, pages);
    return true;
  }
  const same = answer.inspection === before?.inspection && String(answer.number) === before?.assessment;
  if (!same) showCard(); // not waiting for the news; a double scan is silent and changes nothing
  return true;
}

wedge.listen({
  onScan: (text) => scan(text, "scanner:wedge"),
  onBadge: people.badge,
  onKey: (key, event) => {
    if (key === "Enter") {
      if (decide.confirm()) event.preventDefault();
    } else if (key === "Escape") decide.disarm();
    else if (find("dialog[open]") && !"?hmsigc".includes(key.toLowerCase())) return;
    else if (!decide.byKey(key)) {
      const others = {
        h: () => panels.toggle("help"), "?": () => panels.toggle("help"), m: () => panels.toggle("menu"),
        i: () => panels.facts("identity"), s: () => panels.facts("shipment"), g: () => panels.facts("registry"),
        f: () => faces.nextWay(find("#card")), v: panels.mute, c: () => panels.toggle("entry"),
      };
      others[key.toLowerCase()]?.();
    }
  },
});

find("#scan").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = find("#code");
  const text = field.value;
  if (!text) return;
  field.value = ""; // free for the next scan at once; put back if it was not taken
  busy(event.target, async () => {
    if (await scan(text, "typed")) return find("#entry").close();
    field.value ||= text;
    return field.focus();
  });
});

find("#upload").addEventListener("change", (event) => {
  const form = new FormData();
  form.append("inspection", new Blob([JSON.stringify(decide.signed({}))], { type: "application/json" }));
  for (const file of event.target.files) form.append("capture", file);
  if (!event.target.files.length) return;
  play("heard");
  notice("");
  busy(find("#upload"), async () => {
    if (!(await act("POST", `${here}/scans`, form))) return play("refused");
    event.target.value = "";
    return find("#entry").close();
  });
});

onPaint((card) => { if (card?.outcome) play(card.outcome); });
decide.watch();
faces.watch(find("#card"));
panels.watch();
news.listen({ onCard: (told) => decide.told(told, pages) });
