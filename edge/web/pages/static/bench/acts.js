// Acts of the officer, each sent with a key of its own so that sending it again does nothing twice, and what went wrong.
const body = document.body;
export const { station, language } = body.dataset;
export const around = `station=${encodeURIComponent(station)}&lang=${encodeURIComponent(language)}`;
export const find = (selector) => document.querySelector(selector);
export const here = `/stations/${encodeURIComponent(station)}`;
const API = "/api/v1";

// crypto.randomUUID is missing on plain http.
export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export function notice(text) {
  const place = find("#notice");
  place.textContent = text;
  place.hidden = !text;
}

export function link(state) {
  const place = find("#link");
  place.dataset.state = state;
  place.textContent = state === "live" ? body.dataset.live : body.dataset.lost;
  body.classList.toggle("lost", state !== "live");
}

// A problem+json in words of the page's language where it has them; what is none shows as nothing.
export const problems = JSON.parse(body.dataset.problems);
function problemOf(text) {
  try { return JSON.parse(text); } catch { return {}; }
}
const inWords = (problem) => problems[problem.code] ?? [problem.detail, problem.hint].filter(Boolean).join(" ");

const SLOW_MS = 2_000; // from then on the officer is told that the box is at it
const LONGEST_MS = 30_000; // of an act without pictures; from then on nobody waits for its answer

// The answer's document ({} for an empty one), or null when it was not done; the notice says why.
export async function act(method, address, content, key = newKey()) {
  notice("");
  const form = content instanceof FormData;
  const headers = { "Idempotency-Key": key, Accept: "application/json", "Accept-Language": document.documentElement.lang };
  if (content !== undefined && !form) headers["Content-Type"] = "application/json";
  const { working, unanswered } = body.dataset;
  const slow = setTimeout(() => notice(working), SLOW_MS);
  try {
    const answer = await fetch(API + address, {
      method,
      headers,
      body: content === undefined ? undefined : form ? content : JSON.stringify(content),
      signal: form ? undefined : AbortSignal.timeout(LONGEST_MS),
    });
    const text = await answer.text();
    if (find("#notice").textContent === working) notice("");
    if (answer.ok) return text ? JSON.parse(text) : {};
    const problem = problemOf(text);
    notice(inWords(problem) || answer.statusText);
    // people.js may ask who is there, or for a second officer: with that the same act is sent again.
    const again = (more) => act(method, address, { ...content, ...more });
    body.dispatchEvent(new CustomEvent("refused", { detail: { code: problem.code ?? "", again } }));
  } catch {
    link("lost");
    notice(unanswered);
  } finally {
    clearTimeout(slow);
  }
  return null;
}

export async function busy(form, work) {
  const buttons = form.querySelectorAll("button");
  buttons.forEach((button) => { button.disabled = true; });
  try { return await work(); } finally { buttons.forEach((button) => { button.disabled = false; }); }
}
