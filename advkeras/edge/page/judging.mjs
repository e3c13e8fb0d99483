// What run_on_device.py computes, number for number: images of pixels, labels
// of outputs, and what is to be said of them.

const NO_ANSWER = -1;
const Z = 1.959963984540054; // of 95 %
const f32 = Math.fround;
const TYPES = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };
const LIMITS = { uint8: [0, 255], int32: [-(2 ** 31), 2 ** 31 - 1] };

/**
 * Returns pixels 0 .. 255 as float32 images within (lower, upper).
 *
 * Either bound is one number, or both are lists of one for each channel, of
 * which NumPy computes in double precision.
 */
export function fromUint8(pixels, bounds) {
  const levels = levelsOf(bounds);
  const channels = levels.length;
  const images = new Float32Array(pixels.length);
  for (let i = 0, c = 0; i < pixels.length; i++) {
    images[i] = levels[c][pixels[i]];
    c = c + 1 === channels ? 0 : c + 1;
  }
  return images;
}

const known = new WeakMap();

/** Returns what each byte stands for, in each channel; computed once. */
function levelsOf(bounds) {
  if (!known.has(bounds)) known.set(bounds, levelsAnew(bounds));
  return known.get(bounds);
}

function levelsAnew(bounds) {
  const wide = bounds.some(Array.isArray);
  const round = wide ? (x) => x : f32;
  const channels = Math.max(...bounds.map((end) => [end].flat().length));
  return Array.from({ length: channels }, (_, c) => {
    const [low, high] = bounds.map((end) => end[c] ?? end);
    const step = round((high - low) / 255);
    return Float32Array.from({ length: 256 }, (_, pixel) => {
      const value = round(round(low) + round(pixel * step));
      return Math.min(Math.max(value, round(low)), round(high));
    });
  });
}

/** Returns float32 images as a model's input takes them. */
export function quantize(images, tensor) {
  const type = TYPES[tensor.dtype];
  if (!type) throw new Error(`LiteRT.js has no ${tensor.dtype} input`);
  if (type === Float32Array) return images;
  const [low, high] = LIMITS[tensor.dtype];
  const [scale, zero] = [f32(tensor.scale || 1), tensor.zero_point ?? 0];
  return type.from(images, (value) =>
    Math.min(Math.max(f32(even(f32(value / scale)) + zero), low), high),
  );
}

// The nearest whole number, of two the even one.
function even(value) {
  const below = Math.floor(value);
  const over = value - below;
  if (over !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** Returns the first class with the largest score of each of n outputs. */
export function labelsOf({ dtype, shape, data }, tensor) {
  const classes = shape.at(-1);
  return Array.from({ length: data.length / classes }, (_, row) => {
    const scores = data.subarray(row * classes, (row + 1) * classes);
    // NaN where there is one, as NumPy has it.
    const largest = scores.reduce((a, b) => Math.max(a, b));
    if (dtype.startsWith("float") && !Number.isFinite(largest)) {
      return NO_ANSWER;
    }
    if (classes > 1) return scores.indexOf(largest);
    const steps = largest - (tensor.zero_point ?? 0);
    return Number(steps * (tensor.scale || 1) > 0.5);
  });
}

/** Returns which images were given another label; none without an answer. */
export function misread(predicted, labels) {
  return predicted.map((said, i) => said !== labels[i] && said !== NO_ANSWER);
}

/** Judges what was predicted of one set; masks as `run_on_device.judge` has. */
export function judge(predicted, { labels, source_labels: source, fooled }) {
  const wrong = misread(predicted, labels);
  return {
    accuracy: predicted.map((said, i) => said === labels[i]),
    agreement: predicted.map(
      (said, i) => said === source[i] && said !== NO_ANSWER,
    ),
    survival: fooled && wrong.filter((_, i) => fooled[i]),
    only: wrong.filter((bad, i) => bad && source[i] === labels[i]).length,
  };
}

/** Returns a share in percent with its 95 % interval (Wilson's). */
export function percent(mask) {
  if (!mask?.length) return "-";
  const n = mask.length;
  const share = mask.filter(Boolean).length / n;
  const z2 = Z * Z;
  const centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const root = ((share * (1 - share)) / n + z2 / (4 * n * n)) ** 0.5;
  const half = (Z * root) / (1 + z2 / n);
  const [low, high] = [centre - half, centre + half].map((end) =>
    fixed(Math.abs(100 * end), 0),
  );
  return `${fixed(100 * share, 1)} (${low}-${high})`;
}

// As Python writes it: what lies in the middle goes to the even digit.
function fixed(value, digits) {
  const [, decimals] = value.toFixed(20).split(".");
  if (!/^50*$/.test(decimals.slice(digits))) return value.toFixed(digits);
  const unit = 10 ** digits;
  return (even(value * unit) / unit).toFixed(digits);
}

/** Returns a quantile of numbers; between two of them, a straight line's. */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * share;
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/** Returns how many rows, of so many bytes each, two outputs have in common. */
export function equalRows(a, b, bytes) {
  let equal = 0;
  for (let start = 0; start < a.length; start += bytes) {
    let i = start;
    while (i < start + bytes && a[i] === b[i]) i++;
    equal += i === start + bytes;
  }
  return equal;
}
