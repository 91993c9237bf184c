// Picture in, answer out: what `canting.bundle` does around its model.
import { network } from "./network.js";
import { PictureError, read } from "./picture.js";

export class Classifier {
  constructor(card, arrays, run) {
    Object.assign(this, { card, arrays, run });
  }

  // `progress` is told the share of the bytes that have come.
  static async load(progress = () => {}) {
    const card = await (await fetched("model.json")).json();
    const [model, numbers] = await Promise.all([
      bytes("model.tflite", (share) => progress(share)),
      bytes("arrays.bin"),
    ]);
    const arrays = {};
    for (const [name, { shape, start }] of Object.entries(card.arrays)) {
      const count = shape.reduce((one, other) => one * other, 1);
      arrays[name] = { shape, data: new Float32Array(numbers.buffer, start, count) };
    }
    const shape = [1, ...card.image_size, 3];
    const run = await network(model, shape);
    await run(new Uint8Array(shape.reduce((one, other) => one * other)).fill(127)); // warm for the first picture
    return new Classifier(card, arrays, run);
  }

  async classify(file) {
    const { labels, temperature, image_size: size } = this.card;
    const picture = await read(file, size, this.card.limits);
    const said = await this.run(picture.image.data);
    const chances = softmax(said.logits.data, temperature);
    const distance = this.distance(said);
    if (![...chances, distance, ...said.map.data].every(Number.isFinite)) throw new PictureError("model_output_invalid");
    const place = chances.indexOf(Math.max(...chances));
    return {
      label: labels[place],
      probability: chances[place],
      probabilities: Object.fromEntries(labels.map((label, one) => [label, chances[one]])),
      isAbstained: distance > 1,
      distance,
      activation: activation(said.map, this.arrays.kernel, place),
      width: picture.width,
      height: picture.height,
      isSmall: picture.height < size[0] / 2 || picture.width < size[1] / 2,
    };
  }

  // The larger of unlikeness and weakness, each 1 at its threshold; 0 where nothing is refused.
  distance({ pooled, logits }) {
    const { abstention } = this.card;
    if (!abstention) return 0;
    const unlike = unlikeness(pooled.data, this.arrays.prototypes) / abstention.threshold;
    if (!abstention.energy) return unlike;
    const { middle, threshold } = abstention.energy;
    return Math.max(unlike, (energy(logits.data) - middle) / (threshold - middle));
  }
}

function softmax(logits, temperature) {
  const most = Math.max(...logits) / temperature;
  const powers = Array.from(logits, (logit) => Math.exp(logit / temperature - most));
  const sum = powers.reduce((one, other) => one + other);
  return powers.map((power) => power / sum);
}

function energy(logits) {
  const most = Math.max(...logits);
  return -(most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0)));
}

// One minus the cosine of square roots to the nearest prototype.
function unlikeness(pooled, { shape: [count, channels], data }) {
  const roots = Float64Array.from(pooled, (value) => Math.sign(value) * Math.sqrt(Math.abs(value)));
  const norm = Math.max(Math.hypot(...roots), 1e-12);
  let nearest = -Infinity;
  for (let row = 0; row < count; row += 1) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1) sum += roots[channel] * data[row * channels + channel];
    nearest = Math.max(nearest, sum / norm);
  }
  return 1 - nearest;
}

// The class activation map in 0…1 (Zhou et al., CVPR 2016), without what supports all classes alike.
function activation({ shape, data }, { shape: [channels, classes], data: kernel }, place) {
  const [height, width] = shape.slice(-3);
  const weights = new Float64Array(channels);
  for (let channel = 0; channel < channels; channel += 1) {
    const row = kernel.subarray(channel * classes, (channel + 1) * classes);
    weights[channel] = row[place] - row.reduce((one, other) => one + other) / classes;
  }
  const evidence = new Float32Array(height * width);
  for (let spot = 0; spot < evidence.length; spot += 1) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1) sum += weights[channel] * data[spot * channels + channel];
    evidence[spot] = Math.max(sum, 0);
  }
  const most = Math.max(...evidence);
  return { width, height, channels: 1, data: most > 0 ? evidence.map((value) => value / most) : evidence };
}

async function fetched(name) {
  const answer = await fetch(new URL(`./model/${name}`, import.meta.url));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer;
}

async function bytes(name, progress = () => {}) {
  const answer = await fetched(name);
  const all = Number(answer.headers.get("Content-Length"));
  const parts = [];
  let count = 0;
  for (let reader = answer.body.getReader(), one = await reader.read(); !one.done; one = await reader.read()) {
    parts.push(one.value);
    count += one.value.length;
    if (all) progress(Math.min(count / all, 1));
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
