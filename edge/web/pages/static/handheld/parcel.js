// Which entries of the queue are of one parcel, by the bench's own rule: the same parcel number always is, another one
// never; anything else is while it comes within the policy's window. Kept, so that a reload in the yard changes nothing.
const KEPT = "parcel";
const S10 = /^[A-Z]{2}[0-9]{9}[A-Z]{2}$/;
const SSCC = /^(?:\(00\)|00)([0-9]{18})/;
const AIM = /^\][A-Za-z][0-9A-Za-z]/; // ISO/IEC 15424

export function numberOf(text) {
  const bare = text.replace(AIM, "");
  const told = bare.trim().toUpperCase().replace(/ /g, "");
  return S10.test(told) ? told : SSCC.exec(bare)?.[1] ?? "";
}

const read = () => { try { return JSON.parse(localStorage.getItem(KEPT)) ?? null; } catch { return null; } };

// The parcel of what has just come; `name` makes a new one's.
export function parcelOf(text, joinS, name, now = Date.now()) {
  const before = read();
  const number = numberOf(text);
  let mine = before;
  if (!before || (number && before.number && number !== before.number)) mine = null;
  else if (!(number && number === before.number) && !(now - before.at <= joinS * 1000 && now >= before.at)) mine = null;
  mine = { name: mine?.name ?? `${now}-${name()}`, number: mine?.number || number, at: now };
  localStorage.setItem(KEPT, JSON.stringify(mine));
  return mine.name;
}

export const nextParcel = () => localStorage.removeItem(KEPT);
