// SHA-256 (FIPS 180-4): browsers have their own only on pages from https and
// from this very machine.

const primes = [];
for (let n = 2; primes.length < 64; n++) {
  if (primes.every((prime) => n % prime)) primes.push(n);
}
// The first 32 bits of the fractional part of a root.
const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
const CONSTANTS = Int32Array.from(primes, (n) => fraction(Math.cbrt(n)));
const BEGIN = primes.slice(0, 8).map((n) => fraction(Math.sqrt(n)));

/** Returns the SHA-256 of bytes, in hex. */
export function sha256(bytes) {
  const state = Int32Array.from(BEGIN);
  const whole = bytes.length - (bytes.length % 64);
  const words = new Int32Array(64);
  const take = (block, count) => {
    const view = new DataView(block.buffer, block.byteOffset, count);
    for (let at = 0; at < count; at += 64) compress(state, words, view, at);
  };
  take(bytes, whole);
  const rest = bytes.length - whole;
  const tail = new Uint8Array(rest < 56 ? 64 : 128);
  tail.set(bytes.subarray(whole));
  tail[rest] = 0x80;
  const size = BigInt(bytes.length) * 8n;
  new DataView(tail.buffer).setBigUint64(tail.length - 8, size);
  take(tail, tail.length);
  return Array.from(state, (word) =>
    (word >>> 0).toString(16).padStart(8, "0"),
  ).join("");
}

function compress(state, words, view, at) {
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const [x, y] = [words[i - 15], words[i - 2]];
    const s0 = turned(x, 7) ^ turned(x, 18) ^ (x >>> 3);
    const s1 = turned(y, 17) ^ turned(y, 19) ^ (y >>> 10);
    words[i] = words[i - 16] + s0 + words[i - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
    const first = (h + s1 + ((e & f) ^ (~e & g)) + CONSTANTS[i] + words[i]) | 0;
    const s0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
    const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e] = [g, f, e, (d + first) | 0];
    [d, c, b, a] = [c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] += value));
}

function turned(word, by) {
  return (word >>> by) | (word << (32 - by));
}
