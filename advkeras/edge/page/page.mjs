// The page of a bundle: checks its files, runs its models on LiteRT.js, shows
// what fools them, and hands back device_results.json.

import { decode, digestOf, encode, fetchBundle } from "./bundle.mjs";
import { readNpy, write } from "./bundle.mjs";
import * as judging from "./judging.mjs";
import { openModel } from "./litertjs.mjs";
import * as view from "./view.mjs";

const TIMED = 100; // images whose latency is kept
const SHOWN = 12; // pictures of each model, at most
const PATIENCE = 50; // milliseconds after which the page is drawn again

let collects = false; // whether whoever serves the page takes results

async function get(name) {
  const path = name.split("/").map(encodeURIComponent).join("/");
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${name} is missing; copy it again`);
  collects ||= response.headers.has("X-Takes-Results");
  return new Uint8Array(await response.arrayBuffer());
}

let drawn = performance.now();

// A message of one's own: a timer waits longer, and much longer where the page
// is not the one that is looked at.
async function pause() {
  if (performance.now() - drawn < PATIENCE) return;
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
  port1.close();
  drawn = performance.now();
}

/** Returns LiteRT.js, loaded, and what its build is called. */
async function loadLiteRt(bundle) {
  const about = bundle.files.get("litertjs/package.json");
  const { version } = JSON.parse(new TextDecoder().decode(about));
  const litert = await import("../litertjs/dist/index.js");
  if (litert.getGlobalLiteRtPromise() === undefined) {
    await litert.loadLiteRt("litertjs/wasm/");
  }
  const scripts = [...document.scripts].map((script) => script.src);
  const old = scripts.some((src) => src.includes("_compat_"));
  return [litert, `@litertjs/core ${version}${old ? ", no relaxed SIMD" : ""}`];
}

/** Shows every set to one model; returns what results hold of it. */
export async function runModel(litert, bundle, variant, step) {
  const { models, sets, bounds } = bundle.manifest;
  const model = await openModel(litert, bundle.files.get(models[variant].file));
  const classes = model.output.shape;
  if (classes.length < 2 || classes.slice(1, -1).some((size) => size !== 1)) {
    throw new Error("it must return (n, classes), one score a class");
  }
  const [outputs, times] = [{}, []];
  for (const one of sets) {
    const { shape, data } = readNpy(bundle.files.get(one.file));
    if (shape[0] !== one.labels.length) {
      throw new Error(`${one.file} must have one row a label`);
    }
    const size = data.length / shape[0];
    const rows = [];
    for (let i = 0; i < shape[0]; i++) {
      const pixels = data.subarray(i * size, (i + 1) * size);
      const images = judging.fromUint8(pixels, bounds);
      const inputs = judging.quantize(images, model.input);
      if (!times.length) await model.run(inputs); // a warm-up
      const start = performance.now();
      rows.push((await model.run(inputs)).data);
      times.push(performance.now() - start);
      step();
      await pause();
    }
    outputs[one.name] = joined(rows, model.output);
  }
  model.close();
  const latencies = times.slice(0, TIMED).map((ms) => Number(ms.toFixed(4)));
  return { input: model.input, output: model.output, outputs, latencies };
}

function joined(rows, { dtype, shape }) {
  const data = new rows[0].constructor(rows.length * rows[0].length);
  rows.forEach((row, i) => data.set(row, i * row.length));
  return { dtype, shape: [rows.length, shape.at(-1)], data };
}

async function tried(bundle, variant, step) {
  let litert;
  try {
    const [loaded, runtime] = await loadLiteRt(bundle);
    litert = loaded;
    return { runtime, ...(await runModel(litert, bundle, variant, step)) };
  } catch (error) {
    // What an error left behind must not reach the next model.
    try {
      litert?.unloadLiteRt();
    } catch {
      // It is beyond that: the next model says so itself.
    }
    return { error: String(error?.message ?? error).replace(/\s+/g, " ") };
  }
}

/** Returns a table's row for each set, and pictures of what fooled it. */
function judged(bundle, variant, found) {
  const { sets, expected } = bundle.manifest;
  const attacked = sets.filter((one) => one.attack !== null).length;
  const [rows, pictures] = [[], []];
  for (const one of sets) {
    const said = judging.labelsOf(found.outputs[one.name], found.output);
    const masks = judging.judge(said, one);
    const of = one.fooled ? ` of ${one.fooled.filter(Boolean).length}` : "";
    rows.push([
      one.name,
      one.labels.length,
      judging.percent(masks.accuracy),
      judging.percent(masks.agreement),
      judging.percent(masks.survival) + of,
      masks.only,
    ]);
    if (one.attack !== null) {
      const most = Math.ceil(SHOWN / attacked);
      pictures.push(...misread(bundle, one, said).slice(0, most));
    }
  }
  const [median, slow] = [0.5, 0.9].map((share) =>
    milliseconds(judging.quantile(found.latencies, share)),
  );
  const speed = `${median} an image (median), ${slow} (p90)`;
  const equal = Object.keys(expected)
    .filter((runtime) => expected[runtime][variant])
    .map((runtime) => {
      const [same, n] = common(found.outputs, expected[runtime][variant]);
      return `bit-equal to ${runtime} on the host: ${same} of ${n}`;
    });
  return { rows, pictures, note: [speed, ...equal].join("; ") };
}

// A browser's clock may not tell less than a tenth.
function milliseconds(value) {
  if (value < 0.1) return "less than 0.1 ms";
  return `${Number(value.toPrecision(3))} ms`;
}

/** Returns pictures of the images of a set that were given another label. */
function misread(bundle, one, said) {
  const { class_names: names } = bundle.manifest;
  const { shape, data } = readNpy(bundle.files.get(one.file));
  const size = data.length / shape[0];
  return judging.misread(said, one.labels).flatMap((wrong, i) => {
    if (!wrong) return [];
    const pixels = data.subarray(i * size, (i + 1) * size);
    const [label, as] = [one.labels[i], said[i]].map((k) => names?.[k] ?? k);
    return [{ pixels, shape: shape.slice(1), label, as, set: one.name }];
  });
}

/** Returns how many rows are as the host has them, and of how many. */
function common(outputs, expected) {
  let [same, n] = [0, 0];
  for (const [name, values] of Object.entries(expected)) {
    const { dtype, data } = outputs[name];
    n += values.shape[0];
    if (values.dtype !== dtype) continue;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const width = bytes.length / values.shape[0];
    same += judging.equalRows(bytes, decode(values), width);
  }
  return [same, n];
}

function describe() {
  const cores = navigator.hardwareConcurrency;
  return {
    machine: "WebAssembly",
    processor: cores ? `${cores} logical processors` : "unknown",
    system: navigator.userAgent,
  };
}

/** Returns the text of device_results.json. */
function written(bundle, models, runtime) {
  const plain = ({ runtime: _, outputs, ...rest }) =>
    outputs
      ? {
          ...rest,
          outputs: Object.fromEntries(
            Object.entries(outputs).map(([name, one]) => [name, encode(one)]),
          ),
        }
      : rest;
  const results = {
    format: 1,
    manifest: bundle.written,
    device: describe(),
    runtime,
    threads: 1,
    models: Object.fromEntries(
      Object.entries(models).map(([name, found]) => [name, plain(found)]),
    ),
  };
  return write({ ...results, sha256: digestOf(results) }) + "\n";
}

function offer(text) {
  const name = "device_results.json";
  const file = new File([text], name, { type: "application/json" });
  const share = () => navigator.share({ files: [file] });
  async function send() {
    const answer = await fetch("results", { method: "POST", body: text });
    const said = (await answer.text()).trim();
    if (!answer.ok) throw new Error(said);
    return said;
  }
  view.offer(file, {
    share: navigator.canShare?.({ files: [file] }) ? share : null,
    send: collects ? send : null,
  });
}

async function main() {
  view.say("Checking every file of the bundle.");
  const bundle = await fetchBundle(get, view.progress);
  const { models, sets } = bundle.manifest;
  const images = sets.reduce((n, one) => n + one.labels.length, 0);
  const variants = Object.keys(models);
  const all = images * variants.length;
  const [found, shown] = [{}, []];
  for (const [i, variant] of variants.entries()) {
    const which = `${variant}, ${i + 1} of ${variants.length}`;
    view.say(`Every file is whole. Running ${which}.`);
    let done = 0;
    const step = () => view.progress(i * images + ++done, all);
    found[variant] = await tried(bundle, variant, step);
    const one = found[variant];
    shown.push([variant, one.error ? one : judged(bundle, variant, one)]);
    view.progress((i + 1) * images, all);
    view.results(shown);
    await new Promise((resolve) => setTimeout(resolve));
  }
  const ran = Object.values(found).filter((one) => !one.error);
  offer(written(bundle, found, ran[0]?.runtime ?? "LiteRT.js"));
  view.about(bundle.manifest, ran[0]?.runtime);
  view.say(
    `Done: ${ran.length} of ${variants.length} models ran.`,
    ran.length ? "done" : "failed",
  );
}

try {
  await main();
} catch (error) {
  view.say(`Refused: ${error?.message ?? error}`, "refused");
}
