// The registered and the captured face: beside each other, one wiped over the other, or with their differences; larger
// where the officer points. Places come as shares of the picture, because a page of the bench carries no style of its own.
const LARGER = 2.5;

const percent = (share) => `${100 * Number(share)}%`;

// Put the marks of a freshly painted card in their places.
export function lay(place, way) {
  for (const mark of place.querySelectorAll("[data-x]")) {
    mark.style.left = percent(mark.dataset.x);
    mark.style.top = percent(mark.dataset.y);
  }
  const registered = place.querySelector(".registered img"); // differences come in its pixels
  if (registered?.complete) frame(place, registered);
  else registered?.addEventListener("load", () => frame(place, registered));
  const viewer = place.querySelector("[data-way]");
  if (viewer) {
    turn(viewer, way ?? viewer.dataset.way);
    wipe(viewer, 50);
  }
}

function frame(place, { naturalWidth, naturalHeight }) {
  for (const box of place.querySelectorAll("[data-px]")) {
    const [x, y, w, h] = box.dataset.px.split(" ").map(Number);
    box.style.left = percent(x / naturalWidth);
    box.style.top = percent(y / naturalHeight);
    box.style.width = percent(w / naturalWidth);
    box.style.height = percent(h / naturalHeight);
  }
}

function turn(viewer, way) {
  viewer.dataset.way = way;
  viewer.querySelectorAll("[data-turn]").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset.turn === way));
  });
}

function wipe(viewer, share) {
  viewer.style.setProperty("--wipe", `${share}%`);
}

function enlarge(viewer, event) {
  const stage = event.target.closest(".stage");
  const box = stage.getBoundingClientRect();
  const larger = viewer.classList.toggle("larger");
  const x = (event.clientX - box.left) / box.width;
  const y = (event.clientY - box.top) / box.height;
  for (const layer of viewer.querySelectorAll(".layer")) {
    layer.style.transformOrigin = `${percent(x)} ${percent(y)}`;
    layer.style.transform = larger ? `scale(${LARGER})` : "";
  }
}

export function watch(place) {
  place.addEventListener("click", (event) => {
    const viewer = event.target.closest("[data-way]");
    if (!viewer) return;
    const button = event.target.closest("[data-turn]");
    if (button) turn(viewer, button.dataset.turn);
    else if (event.target.closest(".stage") && !event.target.closest("button")) enlarge(viewer, event);
  });
  place.addEventListener("input", (event) => {
    if (event.target.matches("[data-wipe]")) wipe(event.target.closest("[data-way]"), event.target.value);
  });
}

// The next of the ways to look, for whoever has no mouse.
export function nextWay(place) {
  const viewer = place.querySelector("[data-way]");
  if (!viewer) return;
  const ways = [...viewer.querySelectorAll("[data-turn]")].map((button) => button.dataset.turn);
  turn(viewer, ways[(ways.indexOf(viewer.dataset.way) + 1) % ways.length]);
}
