// Scans of a keyboard scanner, wherever the page has its focus, told from typing by their speed. It judges no code.
//
// A scanner types faster than a person: what comes with less than GAP_MS between its keys and ends with Enter or Tab is
// a scan. It is taken out of the field into which it fell, and what a person had typed there stays. A key that stays
// alone is a person's, and may be a shortcut.
const GAP_MS = 60;
const SHORTEST = 4; // characters of a scan with an end
const SHORTEST_UNENDED = 8; // of one without
const ALONE_MS = 250; // a key that stays alone for so long was pressed by a person
const BADGE = /^SEKI/i; // what every badge begins with: from there on nothing reaches the page, nor the screen
export const CARD = /^(\][A-Za-z][0-9A-Za-z])?SEKIX/i; // what every barcode of the desk card begins with
const BADGE_GAP_MS = 500; // within a badge: nobody types on, and a slow scanner is waited for
const BADGE_WHOLE = /^SEKI[0-9]{4,}$/i;

const editable = (field) =>
  field instanceof HTMLTextAreaElement
  || (field instanceof HTMLInputElement && !["checkbox", "radio", "range", "file", "submit", "button"].includes(field.type));

// While an input method is at work the browser tells no letter, only which key: as on a US keyboard. The box repairs
// layouts and knows more of them.
const OF_KEY = { Minus: "-_", Equal: "=+", BracketLeft: "[{", BracketRight: "]}", Backslash: "\\|", Semicolon: ";:",
  Quote: "'\"", Comma: ",<", Period: ".>", Slash: "/?", Backquote: "`~", Space: "  ", IntlRo: "\\_", IntlYen: "\\|" };
const SHIFTED_DIGITS = ")!@#$%^&*(";
function ofKey(event) {
  const { code, shiftKey } = event;
  if (/^Key[A-Z]$/.test(code)) return shiftKey ? code[3] : code[3].toLowerCase();
  if (/^Digit[0-9]$/.test(code)) return shiftKey ? SHIFTED_DIGITS[code[5]] : code[5];
  return OF_KEY[code]?.[shiftKey ? 1 : 0] ?? "";
}

// Group, record and end separators come as control keys: 0x1D as Ctrl and ], 0x1E as Ctrl and ^ (6), 0x04 as Ctrl and D.
const CONTROLS = { "]": "\x1d", "^": "\x1e", "6": "\x1e", "\\": "\x1c", _: "\x1f", d: "\x04", D: "\x04" };

function letter(event) {
  if (event.ctrlKey && !event.altKey && !event.metaKey) return CONTROLS[event.key] ?? null;
  if (event.metaKey || (event.altKey && !event.getModifierState("AltGraph"))) return null;
  if (event.isComposing || event.key === "Process" || event.key === "Unidentified") return ofKey(event);
  return [...event.key].length === 1 ? event.key : null;
}

const MODIFIERS = new Set(["Shift", "Control", "Alt", "AltGraph", "CapsLock", "NumLock", "Meta", "Fn"]);

// Calls onScan(text) for each scan, onBadge(text) for each badge, and onKey(key) for each key that a person pressed
// outside of a field.
export function listen({ onScan = () => {}, onBadge = () => {}, onKey = () => {} }) {
  let text = "";
  let last = -Infinity;
  let taken = -Infinity; // when the last scan ended
  let fell = null; // the field into which it falls, as it was before
  let timer = 0;

  const gap = () => (BADGE.test(text) ? BADGE_GAP_MS : GAP_MS);
  function forget() {
    clearTimeout(timer);
    text = "";
    fell = null;
  }
  function restore() {
    if (!fell || !fell.field.isConnected) return;
    fell.field.value = fell.value;
    fell.field.setSelectionRange?.(fell.from, fell.to);
    fell.field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  // A word that begins as a badge does, and is none, is what somebody typed.
  function giveBack() {
    if (BADGE.test(text) && fell?.field.isConnected) fell.field.setRangeText(text, fell.from, fell.to, "end");
    forget();
  }
  function take() {
    const scan = text;
    restore();
    forget();
    if (BADGE_WHOLE.test(scan)) onBadge(scan.toUpperCase());
    else onScan(scan);
  }
  function silence() {
    if (text.length >= SHORTEST_UNENDED) {
      taken = performance.now(); // an end that comes late is the scanner's still
      take();
    } else {
      if ([...text].length === 1 && !fell) onKey(text);
      giveBack();
    }
  }

  document.addEventListener("keydown", (event) => {
    const now = event.timeStamp;
    if (MODIFIERS.has(event.key)) return;
    if (event.key === "Enter" || event.key === "Tab") {
      const scanned = text.length >= SHORTEST && now - last <= gap();
      if (scanned || now - taken <= GAP_MS) { // of carriage return and line feed the second is the scanner's too
        event.preventDefault();
        event.stopImmediatePropagation();
      }
      if (scanned) {
        taken = now;
        take();
      }
      else {
        forget();
        const typing = editable(document.activeElement);
        if (event.key === "Enter" && now - taken > GAP_MS && !event.repeat && !typing) onKey("Enter", event);
      }
      return;
    }
    const came = letter(event);
    if (came === null || event.repeat) {
      forget();
      if (event.key === "Escape") onKey("Escape", event);
      return;
    }
    if (now - last > gap()) giveBack();
    if (!text) {
      const field = document.activeElement;
      fell = editable(field)
        ? { field, value: field.value, from: field.selectionStart, to: field.selectionEnd }
        : null;
    }
    if (text && (event.ctrlKey || (!fell && came === " "))) event.preventDefault(); // no page command, no press
    text += came;
    last = now;
    if (BADGE.test(text)) {
      event.preventDefault();
      restore();
    }
    clearTimeout(timer);
    timer = setTimeout(silence, Math.max(ALONE_MS, gap()));
  }, { capture: true });
}
