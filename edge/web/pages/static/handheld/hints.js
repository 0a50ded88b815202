// What is wrong with a frame, measured on a small grey copy of it: said while the picture can still be made better.
// It judges the frame and no package; the bench measures the kept picture again with its own gate.
//
// Thresholds are of a copy WIDTH pixels wide, drawn and checked in tests/edge/web/test_handheld_hints.py.
export const WIDTH = 320;
export const LIMITS = {
  dark: 55, // mean of all pixels, of 255
  burnt: 250, // a pixel at or above is burnt out
  glare: 0.06, // share of burnt pixels that hides print
  shine: 0.015, // share that a tilt removes
  motion: 9, // mean change between two frames
  sharp: 60, // variance of the Laplacian: below, the frame is blurred
  filled: 0.3, // share of blocks with print in them: below, the package is too far away
  textured: 90, // variance within a block that holds print
};
const BLOCK = 20;

// RGBA bytes to grey, BT.601.
export function grey({ data, width, height }) {
  const made = new Uint8Array(width * height);
  for (let at = 0; at < made.length; at += 1) {
    made[at] = (77 * data[4 * at] + 150 * data[4 * at + 1] + 29 * data[4 * at + 2]) >> 8;
  }
  return { pixels: made, width, height };
}

// Sharpness, glare, brightness, motion and how much of the frame holds print. `before` is the frame before, or null.
export function measured(frame, before) {
  const { pixels, width, height } = frame;
  let sum = 0;
  let burnt = 0;
  for (const value of pixels) {
    sum += value;
    if (value >= LIMITS.burnt) burnt += 1;
  }
  let edges = 0;
  let squares = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1, at = y * width + 1; x < width - 1; x += 1, at += 1) {
      const bend = pixels[at - 1] + pixels[at + 1] + pixels[at - width] + pixels[at + width] - 4 * pixels[at];
      edges += bend;
      squares += bend * bend;
    }
  }
  const inner = (width - 2) * (height - 2);
  let moved = 0;
  const same = before?.pixels.length === pixels.length;
  if (same) for (let at = 0; at < pixels.length; at += 1) moved += Math.abs(pixels[at] - before.pixels[at]);
  return {
    brightness: sum / pixels.length,
    glare: burnt / pixels.length,
    sharpness: squares / inner - (edges / inner) ** 2,
    motion: same ? moved / pixels.length : Infinity,
    filled: textured(frame),
  };
}

function textured({ pixels, width, height }) {
  let blocks = 0;
  let held = 0;
  for (let top = 0; top + BLOCK <= height; top += BLOCK) {
    for (let left = 0; left + BLOCK <= width; left += BLOCK) {
      let sum = 0;
      let squares = 0;
      for (let y = top; y < top + BLOCK; y += 1) {
        for (let x = left; x < left + BLOCK; x += 1) {
          const value = pixels[y * width + x];
          sum += value;
          squares += value * value;
        }
      }
      const area = BLOCK * BLOCK;
      blocks += 1;
      if (squares / area - (sum / area) ** 2 >= LIMITS.textured) held += 1;
    }
  }
  return blocks ? held / blocks : 0;
}

// The one thing to do next: "light", "glare", "still", "closer", "tilt", or "good".
export function hint(of) {
  if (of.brightness < LIMITS.dark) return "light";
  if (of.glare > LIMITS.glare) return "glare";
  if (of.motion > LIMITS.motion) return "still";
  if (of.filled < LIMITS.filled) return "closer";
  if (of.sharpness < LIMITS.sharp) return "still";
  if (of.glare > LIMITS.shine) return "tilt";
  return "good";
}
