// The heat map over a picture, as `canting.bundle.activation.overlay` paints it.
import { stretch } from "./resample.js";

// A PNG of the class activation map for a picture of `width` by `height` pixels.
export async function heatMap(activation, { width, height }, { longest, stops, strongest }) {
  const scale = Math.min(1, longest / Math.max(width, height));
  const smooth = stretch(activation, side(width, scale), side(height, scale));
  const canvas = new OffscreenCanvas(smooth.width, smooth.height);
  canvas.getContext("2d").putImageData(painted(smooth, colours(stops, strongest)), 0, 0);
  return canvas.convertToBlob();
}

function side(length, scale) {
  return Math.max(1, Math.round(length * scale));
}

function painted({ width, height, data }, table) {
  const image = new ImageData(width, height);
  data.forEach((value, place) => {
    const level = Math.round(Math.min(Math.max(value, 0), 1) * 255);
    image.data.set(table[level], 4 * place);
  });
  return image;
}

// The colour of each of 256 levels, between stops that lie evenly apart.
function colours(stops, strongest) {
  return Array.from({ length: 256 }, (_, level) => {
    const place = (level / 255) * (stops.length - 1);
    const first = Math.min(Math.floor(place), stops.length - 2);
    const mixed = stops[first].map((channel, one) => channel + (place - first) * (stops[first + 1][one] - channel));
    return [...mixed, strongest * level].map(Math.round);
  });
}
