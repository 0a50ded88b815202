// Reads barcodes in the camera's picture on the handheld itself, by ZXing-C++ as WebAssembly; loaded when the camera is
// opened for the first time. Codes keep their symbology identifier and their separators, as a good scanner sends them;
// a browser's own detector gives neither, and is not used.
import { prepareZXingModule, readBarcodes } from "./zxing/reader/index.js";

const WIDTH = 1_280; // of the copy that is read
const OPTIONS = {
  formats: ["DataMatrix", "QRCode", "Code128", "EAN13", "EAN8", "UPCA", "UPCE", "DataBar", "DataBarExp", "ITF", "PDF417"],
  maxNumberOfSymbols: 4,
  tryHarder: true, // without it a symbol among print is passed over
  tryDownscale: false,
  textMode: "Plain",
};

// A function of a video or picture that answers the codes in it.
export async function reader() {
  await prepareZXingModule({ fireImmediately: true });
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return async (source) => {
    const width = source.videoWidth || source.width;
    const height = source.videoHeight || source.height;
    const scale = Math.min(1, WIDTH / width);
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    pen.drawImage(source, 0, 0, canvas.width, canvas.height);
    const found = await readBarcodes(pen.getImageData(0, 0, canvas.width, canvas.height), OPTIONS);
    return found.filter((one) => one.isValid && one.text).map((one) => `${one.symbologyIdentifier ?? ""}${one.text}`);
  };
}
