// The camera of a handheld: a live picture with one hint at a time, and a JPEG of at most 12 megapixels when asked, or
// by itself once the hint has been "good" for a moment. Only where the browser lends the camera (https).
import { grey, hint, measured, WIDTH } from "./hints.js";

const MOST_PIXELS = 12e6;
const QUALITY = 0.92;
const LOOK_MS = 150;
const GOOD_LOOKS = 4; // in a row before the picture is taken by itself
const REST_MS = 2_500; // after a picture that was taken by itself

export const available = () => Boolean(navigator.mediaDevices?.getUserMedia);

// The bytes of a JPEG of whatever can be drawn, made smaller where it has too many pixels.
export async function jpeg(source, width, height) {
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)));
  const canvas = document.createElement("canvas");
  canvas.width = Math.floor(width * scale);
  canvas.height = Math.floor(height * scale);
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", QUALITY); });
  return blob.arrayBuffer();
}

// The same of a file that somebody chose. One that the browser cannot draw goes as it is: the bench says what it is.
export async function ofFile(file) {
  try {
    const drawn = await createImageBitmap(file);
    try { return await jpeg(drawn, drawn.width, drawn.height); } finally { drawn.close(); }
  } catch {
    return file.arrayBuffer();
  }
}

// Opens the camera into `video`. `told.hint(name)` hears each look, `told.good()` when a picture may be taken by itself,
// `told.frame(video)` each look too, for reading barcodes. The answer ends it.
export async function opened(video, told) {
  const wanted = { facingMode: { ideal: "environment" }, width: { ideal: 4000 }, height: { ideal: 3000 } };
  const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  video.srcObject = stream;
  await video.play();
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  let before = null;
  let good = 0;
  let rests = 0;
  const timer = setInterval(() => {
    if (!video.videoWidth || document.hidden) return;
    canvas.width = WIDTH;
    canvas.height = Math.round((WIDTH * video.videoHeight) / video.videoWidth);
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const frame = grey(pen.getImageData(0, 0, canvas.width, canvas.height));
    const said = hint(measured(frame, before));
    before = frame;
    told.hint(said);
    told.frame?.(video);
    good = said === "good" ? good + 1 : 0;
    if (good >= GOOD_LOOKS && performance.now() > rests) {
      good = 0;
      rests = performance.now() + REST_MS;
      told.good();
    }
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}
