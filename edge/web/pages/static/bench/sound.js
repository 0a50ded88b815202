// The sounds of the bench: a tick when a scan was heard, and a rhythm of its own for each verdict. No file is loaded.
//
// Each verdict is told by its rhythm, so that it is known without its pitch, in noise and by people who hear some
// pitches badly. Silent keeps the vibration of a handheld.
const RHYTHMS = { // of [start s, length s, pitch Hz]
  heard: [[0, 0.03, 1800]],
  NO_FINDING: [[0, 0.18, 660]],
  CHECK: [[0, 0.12, 880], [0.2, 0.12, 880]],
  STRONG_INDICATION: [[0, 0.22, 440], [0.3, 0.22, 440], [0.6, 0.35, 330]],
  CANNOT_ASSESS: [[0, 0.12, 520], [0.2, 0.4, 390]],
  done: [[0, 0.07, 990], [0.08, 0.1, 1320]],
  ask: [[0, 0.08, 700], [0.14, 0.08, 700], [0.28, 0.08, 700]],
  refused: [[0, 0.4, 180]],
};
const VOLUMES = [0, 0.08, 0.25, 0.7];
const KEPT = "volume";

let context = null;
let volume = Math.min(VOLUMES.length - 1, Math.max(0, Number(localStorage.getItem(KEPT) ?? 2) || 0));

export const volumeStep = () => volume;
export function setVolume(step) {
  volume = step;
  localStorage.setItem(KEPT, String(step));
  document.documentElement.dataset.volume = step;
}
setVolume(volume);

export function play(name) {
  const rhythm = RHYTHMS[name];
  if (!rhythm) return;
  document.documentElement.dataset.sound = name;
  navigator.vibrate?.(rhythm.flatMap(([start, length], place) => {
    const before = place ? rhythm[place - 1][0] + rhythm[place - 1][1] : 0;
    return place ? [Math.round(1000 * (start - before)), Math.round(1000 * length)] : [Math.round(1000 * length)];
  }));
  if (!volume) return;
  try {
    context ??= new AudioContext();
    context.resume();
    const now = context.currentTime + 0.005;
    for (const [start, length, pitch] of rhythm) {
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.type = "triangle";
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0, now + start);
      gain.gain.linearRampToValueAtTime(VOLUMES[volume], now + start + 0.008); // no click at its ends
      gain.gain.setValueAtTime(VOLUMES[volume], now + start + length - 0.01);
      gain.gain.linearRampToValueAtTime(0, now + start + length);
      tone.connect(gain).connect(context.destination);
      tone.start(now + start);
      tone.stop(now + start + length);
    }
  } catch {
    // a screen without a speaker
  }
}
