// The process that LiteRT.js runs in, as worker.py is that of an interpreter:
//
//     node worker.mjs PACKAGE RUNTIME FILE THREADS LOOK
//
// PACKAGE is the folder of @litertjs/core. It has one thread, and nothing to
// look at but the output. What WebAssembly allocates stays below 4 GB.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { Worker } from "node:worker_threads";

import { openModel } from "./litertjs.mjs";

const TYPES = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };

// What the library prints must not come between the messages, and Node has no
// GPU to be warned of.
console.log = console.info = console.debug = console.error;
console.warn = () => {};

function send(message, payload = new Uint8Array()) {
  const line = JSON.stringify({ ...message, bytes: payload.byteLength });
  process.stdout.write(`${line}\n`);
  process.stdout.write(payload);
}

function sendArray({ dtype, shape, data }) {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  send({ dtype, shape }, bytes);
}

async function* received(stream) {
  let held = Buffer.alloc(0);
  const chunks = stream[Symbol.asyncIterator]();
  async function more() {
    const { value, done } = await chunks.next();
    if (!done) held = Buffer.concat([held, value]);
    return !done;
  }
  for (;;) {
    let end;
    while ((end = held.indexOf("\n")) < 0) if (!(await more())) return;
    const message = JSON.parse(held.subarray(0, end).toString());
    const start = end + 1;
    while (held.length < start + message.bytes) if (!(await more())) return;
    // A copy, which begins where a float may.
    const payload = Uint8Array.prototype.slice.call(
      held,
      start,
      start + message.bytes,
    );
    held = held.subarray(start + message.bytes);
    yield [message, new Uint8Array(payload)];
  }
}

/** Loads LiteRT.js, which takes a browser for granted. */
async function loadLiteRt(folder) {
  const require = createRequire(import.meta.url);
  const { version } = JSON.parse(
    readFileSync(path.join(folder, "package.json"), "utf8"),
  );
  const builds = [];
  globalThis.self = globalThis;
  globalThis.importScripts = (script) => {
    builds.push(path.basename(script));
    const module = { exports: {} };
    vm.compileFunction(
      readFileSync(script, "utf8"),
      ["exports", "require", "module", "__filename", "__dirname"],
      { filename: script },
    )(module.exports, require, module, script, path.dirname(script));
    globalThis.ModuleFactory = module.exports;
  };
  const main = pathToFileURL(path.join(folder, "dist", "index.js"));
  const litert = await import(main);
  await litert.loadLiteRt(path.join(folder, "wasm"));
  // Sums of floats differ in their last bits between the two builds.
  const build = builds[0].includes("compat") ? ", no relaxed SIMD" : "";
  const on = `Node ${process.versions.node}${build}`;
  return [litert, `@litertjs/core ${version} (${on})`];
}

async function timed(model, inputs, n) {
  const size = inputs.length / n;
  const times = [];
  for (let i = 0; i < n; i++) {
    const start = performance.now();
    await model.run(inputs.subarray(size * i, size * (i + 1)));
    times.push(performance.now() - start);
  }
  return times;
}

async function answerTo(message, payload, model) {
  const inputs = new TYPES[message.dtype](payload.buffer);
  if (message.job !== "latencies") return model.run(inputs);
  const n = message.shape[0];
  const two = Math.min(n, 2);
  await timed(model, inputs.subarray(0, (inputs.length / n) * two), two);
  const data = Float64Array.from(await timed(model, inputs, n));
  return { dtype: "float64", shape: [n], data };
}

// A file may never end, and nobody is left to stop it.
function endWithParent() {
  const watch =
    "const parent = process.ppid; setInterval(() => " +
    "process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 1000);";
  new Worker(watch, { eval: true }).unref();
}

async function serve(folder, file, look) {
  endWithParent();
  try {
    if (look !== "output") {
      throw new Error("LiteRT.js shows nothing but the output");
    }
    const [litert, runtime] = await loadLiteRt(folder);
    const model = await openModel(litert, readFileSync(file));
    send({ runtime, input: model.input, output: model.output });
    for await (const [message, payload] of received(process.stdin)) {
      sendArray(await answerTo(message, payload, model));
    }
  } catch (error) {
    send({ error: String(error?.message ?? error) });
  }
}

const [folder, , file, , look] = process.argv.slice(2);
await serve(folder, file, look);
