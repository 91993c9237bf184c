// Pillow's resampling, so that a picture becomes the same numbers here as in Python: the box of
// `Image.reduce` (libImaging/Reduce.c) and the bicubic filter of `Image.resize` with antialiasing
// (Resample.c). An image is { width, height, channels, data }, rows from the top.
const BITS = 22;
const HALF = 1 << (BITS - 1);

// Bytes of a picture, stretched to a size; `gap` is Pillow's `reducing_gap`.
export function resize(image, width, height, gap) {
  const across = Math.floor(image.width / width / gap) || 1;
  const down = Math.floor(image.height / height / gap) || 1;
  const small = across > 1 || down > 1 ? reduce(image, across, down) : image;
  return resampled(small, width, height, Math.fround(image.width / across), Math.fround(image.height / down));
}

// Numbers with fractions, stretched to a size.
export function stretch(image, width, height) {
  return resampled(image, width, height, image.width, image.height);
}

// Means of boxes of RGB, rounded; at the right and lower edge boxes may be narrower.
export function reduce(image, across, down) {
  const { channels, data } = image;
  const width = Math.ceil(image.width / across);
  const height = Math.ceil(image.height / down);
  const made = new Uint8ClampedArray(width * height * channels);
  for (let y = 0, to = 0; y < height; y += 1) {
    const rows = Math.min(down, image.height - y * down);
    for (let x = 0; x < width; x += 1, to += channels) {
      const columns = Math.min(across, image.width - x * across);
      const count = rows * columns;
      const factor = Math.floor(Math.fround(2 ** 32 / (256 * count))) / 2 ** 24;
      let red = count >> 1, green = red, blue = red;
      for (let row = 0; row < rows; row += 1) {
        let from = ((y * down + row) * image.width + x * across) * channels;
        for (let one = 0; one < columns; one += 1, from += channels) {
          red += data[from];
          green += data[from + 1];
          blue += data[from + 2];
        }
      }
      made[to] = Math.floor(red * factor);
      made[to + 1] = Math.floor(green * factor);
      made[to + 2] = Math.floor(blue * factor);
    }
  }
  return { width, height, channels, data: made };
}

// As Pillow does since 13.0, the height first where it shrinks by more than twice what the width does.
function resampled(image, width, height, across, down) {
  const isSameWidth = image.width === width && across === width;
  const isSameHeight = image.height === height && down === height;
  const passes = [
    (one) => (isSameWidth ? one : horizontal(one, kernels(one, one.width, across, width))),
    (one) => (isSameHeight ? one : vertical(one, kernels(one, one.height, down, height))),
  ];
  const [less, more] = [image.width - width, image.height - height];
  if (more > 0 && more > 2 * less) passes.reverse();
  return passes.reduce((one, pass) => pass(one), image);
}

function horizontal({ width, height, channels, data }, kernel) {
  const made = new data.constructor(kernel.size * height * channels);
  for (let y = 0, to = 0; y < height; y += 1) {
    for (let x = 0; x < kernel.size; x += 1, to += channels) {
      weigh(data, (y * width + kernel.starts[x]) * channels, channels, kernel, x, made, to, channels);
    }
  }
  return { width: kernel.size, height, channels, data: made };
}

function vertical({ width, channels, data }, kernel) {
  const row = width * channels;
  const made = new data.constructor(kernel.size * row);
  for (let y = 0; y < kernel.size; y += 1) weigh(data, kernel.starts[y] * row, row, kernel, y, made, y * row, row);
  return { width, height: kernel.size, channels, data: made };
}

// Put `count` weighted sums to `to`; what is summed begins at `from` and lies `step` apart.
function weigh(data, from, step, kernel, place, made, to, count) {
  const { weights, isWhole, most } = kernel;
  const first = place * most;
  const last = first + kernel.counts[place];
  for (let one = 0; one < count; one += 1) {
    let sum = isWhole ? HALF : 0;
    for (let weight = first, at = from + one; weight < last; weight += 1, at += step) sum += data[at] * weights[weight];
    made[to + one] = isWhole ? sum >> BITS : sum;
  }
}

// Where each place of `size` looks in `length` pixels, of which it covers `covered`, and how much.
function kernels({ data }, length, covered, size) {
  const isWhole = data instanceof Uint8ClampedArray;
  const scale = covered / size;
  const wide = Math.max(scale, 1);
  const most = Math.ceil(2 * wide) * 2 + 1;
  const found = { size, most, isWhole, starts: new Int32Array(size), counts: new Int32Array(size), weights: new Float64Array(size * most) };
  for (let place = 0; place < size; place += 1) {
    const centre = (place + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - 2 * wide + 0.5), 0);
    const end = Math.min(Math.trunc(centre + 2 * wide + 0.5), length);
    const raw = Array.from({ length: end - start }, (_, one) => bicubic((one + start - centre + 0.5) * (1 / wide)));
    const sum = raw.reduce((one, other) => one + other, 0);
    const shares = raw.map((weight) => (sum === 0 ? weight : weight / sum));
    found.starts[place] = start;
    found.counts[place] = end - start;
    found.weights.set(isWhole ? shares.map(fixed) : shares, place * most);
  }
  return found;
}

function bicubic(distance) {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

function fixed(weight) {
  return Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * 2 ** BITS);
}
