// A bundle, as a browser reads it: what run_on_device.py does with files.

import { sha256 } from "./sha256.mjs";

const FORMAT = 1;
// Begins the numbers of `parse`, and no text of a bundle.
const NUMBER = "\0";

/**
 * Fetches a bundle, and compares every file of it with its SHA-256.
 *
 * @param get Takes a name, and returns the bytes of that file.
 * @param say Called with (files that were checked, files in all).
 * @return {manifest, written, files}: the manifest, the same as `parse` reads
 *     it, and name -> bytes.
 * @throws Error of one line where a file differs, is missing, or the manifest
 *     is not that of a bundle.
 */
export async function fetchBundle(get, say = () => {}) {
  const [manifest, written] = readManifest(await get("manifest.json"));
  const names = Object.keys(manifest.files).sort();
  const files = new Map();
  for (const name of names) {
    say(files.size, names.length);
    if (name.startsWith("/") || name.split("/").includes("..")) {
      throw new Error(`${name} lies outside of the bundle`);
    }
    const content = await get(name);
    if (sha256(content) !== manifest.files[name]) {
      throw new Error(`${name} differs in SHA-256; copy it again`);
    }
    files.set(name, content);
  }
  say(names.length, names.length);
  return { manifest, written, files };
}

function readManifest(content) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(content);
    const [manifest, written] = [JSON.parse(text), parse(text)];
    if (manifest.format !== FORMAT) throw new Error("another format");
    const used = [...Object.values(manifest.models), ...manifest.sets];
    for (const { file } of used) {
      if (!(file in manifest.files)) throw new Error(`no SHA-256 of ${file}`);
    }
    if (manifest.sha256 !== digestOf(written)) {
      throw new Error("it differs in SHA-256; copy it again");
    }
    return [manifest, written];
  } catch (error) {
    throw new Error(`manifest.json is not that of a bundle (${error.message})`);
  }
}

/** Returns the SHA-256 of JSON values by name, but for their "sha256". */
export function digestOf({ sha256: _, ...rest }) {
  const sorted = (names) => names.sort(byCodePoint);
  return sha256(new TextEncoder().encode(write(rest, sorted)));
}

/** Reads JSON; a number stays as it is written: Python knows 1.0 from 1. */
export function parse(text) {
  const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
  const tagged = text.replace(tokens, (token) =>
    token[0] === '"' ? token : `"\\u0000${token}"`,
  );
  return JSON.parse(tagged);
}

/** Writes what `parse` read, without spaces, in ASCII: as Python would. */
export function write(value, ordered = (names) => names) {
  if (typeof value === "number") return number(value);
  if (typeof value === "string") {
    return value.startsWith(NUMBER) ? value.slice(1) : quoted(value);
  }
  if (value === null || typeof value !== "object") return String(value);
  if (Array.isArray(value)) {
    return `[${value.map((one) => write(one, ordered)).join(",")}]`;
  }
  const pairs = ordered(Object.keys(value)).map(
    (name) => `${quoted(name)}:${write(value[name], ordered)}`,
  );
  return `{${pairs.join(",")}}`;
}

function quoted(text) {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function byCodePoint(a, b) {
  const [left, right] = [a, b].map((text) => Array.from(text));
  const at = left.findIndex((point, i) => point !== right[i]);
  if (at < 0) return left.length - right.length;
  return at < right.length
    ? left[at].codePointAt(0) - right[at].codePointAt(0)
    : 1;
}

// Python writes an exponent below 1e-4, and two digits of it at least.
function number(value) {
  const small = value !== 0 && Math.abs(value) < 1e-4;
  const text = small ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

/** Returns {shape, data} of an .npy file of uint8 values. */
export function readNpy(content) {
  const view = new DataView(content.buffer, content.byteOffset);
  const wide = content[6] > 1;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (wide ? 12 : 10) + length;
  const header = new TextDecoder("latin1").decode(content.subarray(0, start));
  const [, listed] = /'shape': \(([\d, ]*)\)/.exec(header) ?? [];
  if (!/'descr': '\|u1', 'fortran_order': False/.test(header) || !listed) {
    throw new Error("images must be uint8");
  }
  const shape = listed.split(",").filter((s) => s.trim()).map(Number);
  const data = content.subarray(start);
  if (data.length !== shape.reduce((a, b) => a * b, 1)) {
    throw new Error("images must be as many as their shape says");
  }
  return { shape, data };
}

/** Returns {dtype, shape, data} as JSON values, as Python encodes arrays. */
export function encode({ dtype, shape, data }) {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const parts = [];
  for (let i = 0; i < bytes.length; i += 0x8000) {
    parts.push(String.fromCharCode(...bytes.subarray(i, i + 0x8000)));
  }
  return { dtype, shape, base64: btoa(parts.join("")) };
}

/** Returns the bytes of what `encode` or Python encoded. */
export function decode({ base64 }) {
  return Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0));
}
