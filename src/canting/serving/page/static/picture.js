// From the bytes of a file to the numbers that the model takes, as `canting.imaging.pictures` does.
import { reduce, resize } from "./resample.js";

// Pixels that are read from a canvas at once: a canvas of the whole picture is more than phones allow.
const STRIP = 2 ** 20;
const HEAD = 256;

// A file that is no picture that can be used; `code` is that of the service's errors.
export class PictureError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

// An upright picture over white in sRGB, `size` (height, width) RGB bytes, and its own width and height.
export async function read(file, [height, width], limits) {
  const content = new Uint8Array(await file.arrayBuffer());
  const kind = check(content, limits.formats);
  const own = await measured(file, kind);
  checkSides(own, limits);
  const source = await decoded(content, file, kind, own, limits);
  try {
    return { ...own, image: resize(upright(source, kind, limits), width, height, limits.gap) };
  } finally {
    source.close();
  }
}

// Content decides, whatever the file is called.
function check(content, formats) {
  if (!content.length) throw new PictureError("empty_file");
  const start = String.fromCharCode(...content.subarray(0, HEAD));
  const kind = formats.find((one) => new RegExp(`^(?:${one.start})`, "s").test(start));
  if (!kind) throw new PictureError("unsupported_format");
  if (!(ENDS[kind.name]?.(content) ?? true)) throw new PictureError("corrupt_image");
  return kind;
}

// Some browsers show what there is of a picture that was cut off.
const ENDS = { JPEG: hasJpegEnd, PNG: (content) => indexOf(content, [0x49, 0x45, 0x4e, 0x44], 8) > 0 };

// The marker of the end after the first scan; one before it would be that of a preview.
function hasJpegEnd(content) {
  let place = 2;
  while (content[place] === 0xff && content[place + 1] !== 0xda) {
    place += content[place + 1] === 0xff ? 1 : 2 + content[place + 2] * 256 + content[place + 3];
  }
  return indexOf(content, [0xff, 0xd9], place) > 0;
}

function indexOf(content, [first, ...rest], from) {
  for (let place = content.indexOf(first, from); place >= 0; place = content.indexOf(first, place + 1)) {
    if (rest.every((value, one) => content[place + 1 + one] === value)) return place;
  }
  return -1;
}

// Width and height are told before any pixel is decoded.
async function measured(file, kind) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => { image.onload = resolve; image.onerror = reject; });
    return { width: image.naturalWidth, height: image.naturalHeight };
  } catch {
    throw undecodable(kind);
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

// Not every browser decodes AVIF or HEIC; the others all do.
function undecodable(kind) {
  return new PictureError(kind.everywhere ? "corrupt_image" : "unsupported_format");
}

function checkSides({ width, height }, limits) {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  if (width * height > limits.pixels) throw new PictureError("too_many_pixels");
  if (short < limits.side) throw new PictureError("too_small");
  if (long > limits.aspect * short) throw new PictureError("extreme_aspect");
}

async function decoded(content, file, kind, own, limits) {
  const colorSpaceConversion = hasProfile(content) ? "default" : "none";
  try {
    const scale = kind.name === "JPEG" ? draft(own, limits.least) : 1;
    if (scale > 1 && globalThis.ImageDecoder) return await smaller(content, own, scale, colorSpaceConversion);
    return await createImageBitmap(file, { colorSpaceConversion, premultiplyAlpha: "none" });
  } catch {
    throw undecodable(kind);
  }
}

// How many times smaller Pillow's `draft` lets libjpeg decode.
function draft({ width, height }, least) {
  return [8, 4, 2].find((scale) => Math.min(width, height) >= scale * least) ?? 1;
}

// Browsers that can do it use libjpeg's scaling as well; in the others a box takes its place.
async function smaller(content, { width, height }, scale, colorSpaceConversion) {
  const decoder = new ImageDecoder({
    data: content,
    type: "image/jpeg",
    colorSpaceConversion,
    desiredWidth: Math.ceil(width / scale),
    desiredHeight: Math.ceil(height / scale),
  });
  const { image } = await decoder.decode();
  decoder.close();
  return image;
}

// Values of no profile stay as they are, whatever gamma a PNG names.
const PROFILES = ["ICC_PROFILE\0", "iCCP", "ICCP", "colrprof", "colrrICC"];

function hasProfile(content) {
  const head = new TextDecoder("latin1").decode(content.subarray(0, 2 ** 16));
  return PROFILES.some((name) => head.includes(name));
}

// RGB over white, read strip by strip, a whole number of times smaller where the picture is large.
function upright(source, kind, { least }) {
  const width = source.displayWidth ?? source.width;
  const height = source.displayHeight ?? source.height;
  const factor = kind.name === "JPEG" ? draft({ width, height }, least) : Math.max(1, Math.floor(Math.min(width, height) / least));
  const rows = factor * Math.max(1, Math.floor(STRIP / (width * factor)));
  const small = { width: Math.ceil(width / factor), height: Math.ceil(height / factor), channels: 3 };
  const data = new Uint8ClampedArray(small.width * small.height * 3);
  const context = new OffscreenCanvas(width, Math.min(rows, height)).getContext("2d", { alpha: false, willReadFrequently: true });
  context.fillStyle = "white";
  for (let top = 0; top < height; top += rows) {
    const strip = stripOf(context, source, width, top, Math.min(rows, height - top));
    data.set((factor > 1 ? reduce(strip, factor, factor) : strip).data, (top / factor) * small.width * 3);
  }
  return { ...small, data };
}

function stripOf(context, source, width, top, height) {
  context.fillRect(0, 0, width, height);
  context.drawImage(source, 0, -top);
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = new Uint8ClampedArray(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    rgb[to] = data[from];
    rgb[to + 1] = data[from + 1];
    rgb[to + 2] = data[from + 2];
  }
  return { width, height, channels: 3, data: rgb };
}
