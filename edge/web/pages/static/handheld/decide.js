// The officer's decision on the parcel that the handheld shows: with a connection, on what the bench said last, and by
// whoever signed in here. DETAIN wants a second press. It is never put into the queue: what the bench would say of it
// hours later, nobody who decided would see.
const ARMED_MS = 10_000;
const AGAIN_MS = 600; // a press twice by shaking hands confirms nothing
const SETTLE_MS = 600; // the finger may be on its way to a button of the parcel before

const find = (selector) => document.querySelector(selector);

// `asked(method, address, content)` answers { status, told }; `told` hears done(), refused(problem) and
// changed(inspection).
export function deciding(words, asked, told) {
  let shown = null; // what is decided on
  let held = ""; // why it cannot be decided now
  let armed = -Infinity;
  let settling = 0;
  let timer = 0;
  let busy = false;

  function disarm() {
    clearTimeout(timer);
    armed = -Infinity;
    find("#armed").hidden = true;
  }

  function settle() {
    const buttons = document.querySelectorAll("#deciding button");
    buttons.forEach((button) => { button.disabled = true; });
    clearTimeout(settling);
    settling = setTimeout(() => buttons.forEach((button) => { button.disabled = false; }), SETTLE_MS);
  }

  // Shows what may be decided of `said`, null for nothing; `why` says why it cannot be now.
  function show(said, why) {
    if (said?.inspection !== shown?.inspection || said?.number !== shown?.number) {
      disarm();
      settle();
      if (said?.inspection !== shown?.inspection) find("#reason").value = "";
    }
    if (why) disarm();
    shown = said;
    held = why;
    find("#deciding").hidden = !said;
    find("#held").textContent = why;
    find("#held").hidden = !why;
    const stands = find("#stands");
    stands.hidden = !said?.decision;
    stands.textContent = said?.decision ? [words[said.decision], said.officer].filter(Boolean).join(" · ") : "";
    find("#choices").hidden = Boolean(said?.decision) || Boolean(why);
    find("#undo").hidden = !said?.decision || Boolean(why);
  }

  async function carryOut(what) {
    const { inspection, number } = shown;
    const address = `/inspections/${inspection}`;
    const officer = find("#officer")?.value.trim() ?? "";
    const signed = officer ? { officer } : {};
    const reason = find("#reason").value.trim();
    async function send(more) {
      try {
        const { status, told: answer } = what === "undo"
          ? await asked("POST", `${address}/undo`, signed)
          : await asked("PUT", `${address}/disposition`, { ...signed, ...more, decision: what, reason, assessment: number });
        if (status === 200) { told.done(); return; }
        told.refused(answer);
        if (answer.code === "reason_conflict") find("#reason").focus();
        // people.js asks who is there, or for a second officer: with that the same decision is sent again.
        document.body.dispatchEvent(new CustomEvent("refused", { detail: { code: answer.code, again: send } }));
      } catch { // it may have been recorded, or not: what stands is asked for when the bench answers again
        told.refused({ detail: words.hhUnknown });
      } finally {
        told.changed(inspection);
      }
    }
    busy = true;
    disarm();
    await send({});
    busy = false;
  }

  find("#deciding").addEventListener("click", (event) => {
    const what = event.target.closest("[data-decision]")?.dataset.decision;
    const now = performance.now();
    if (!what || !shown || held || busy) return;
    if (what !== "detain") carryOut(what);
    else if (now - armed > ARMED_MS) {
      armed = now;
      find("#armed").hidden = false;
      clearTimeout(timer);
      timer = setTimeout(disarm, ARMED_MS);
    } else if (now - armed > AGAIN_MS) carryOut(what);
  });
  return show;
}
