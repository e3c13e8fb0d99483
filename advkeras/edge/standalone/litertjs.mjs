// A .tflite file on LiteRT.js, in a browser or in Node.

import { read } from "./tflite.mjs";

/**
 * Opens a file.
 *
 * @param litert The module of LiteRT.js, loaded.
 * @param {Uint8Array} content The file.
 * @return What `run_on_device.Model` is in Python: `input` and `output`, of
 *     each its dtype, shape, scale and zero point; `run(inputs)`, which takes
 *     a typed array of any number of images and returns {dtype, shape, data}.
 */
export async function openModel(litert, content) {
  const file = read(content);
  const compiled = await compile(litert, file.content);
  const input = about(compiled.getInputDetails()[0], file.input);
  const output = about(compiled.getOutputDetails()[0], file.output);
  const size = input.shape.reduce((a, b) => a * b, 1);
  const rows = input.shape[0];

  async function invoke(data) {
    const given = new litert.Tensor(data, input.shape);
    try {
      const [returned] = await compiled.run(given);
      const shape = Array.from(returned.type.layout.dimensions);
      const found = { shape, data: returned.toTypedArray() };
      returned.delete();
      return found;
    } finally {
      given.delete();
    }
  }

  async function run(inputs) {
    const images = inputs.length / (size / rows);
    const found = [];
    let shape = output.shape;
    for (let start = 0; start < images; start += rows) {
      const n = Math.min(rows, images - start);
      const from = (start * size) / rows;
      const answer = await invoke(filled(inputs.slice(from, from + size), n));
      if (answer.shape[0] % rows) {
        throw new Error(
          `it takes ${rows} images at a time and returns ` +
            `(${answer.shape.join(", ")}), which are not rows of each`,
        );
      }
      shape = answer.shape;
      found.push(answer.data.slice(0, (answer.data.length / rows) * n));
    }
    const data = new found[0].constructor(
      found.reduce((sum, part) => sum + part.length, 0),
    );
    found.reduce((at, part) => (data.set(part, at), at + part.length), 0);
    return {
      dtype: output.dtype,
      shape: [(shape[0] / rows) * images, ...shape.slice(1)],
      data,
    };
  }

  // The last batch is filled up with its last image.
  function filled(batch, n) {
    if (n === rows) return batch;
    const whole = new batch.constructor(size);
    const last = batch.slice((size / rows) * (n - 1));
    for (let i = 0; i < rows; i++) whole.set(last, (size / rows) * i);
    whole.set(batch);
    return whole;
  }

  return { input, output, run, close: () => compiled.delete() };
}

async function compile(litert, content) {
  try {
    return await litert.loadAndCompile(content, { accelerator: "wasm" });
  } catch (error) {
    const [, type] = /^Element type (\w+) is not/.exec(error?.message) ?? [];
    if (!type) throw error;
    throw new Error(
      `LiteRT.js has no ${type} input or output; it runs the variants ` +
        "int8-float-io and int8-uint8-io",
    );
  }
}

function about(details, quantization) {
  return {
    index: details.index,
    dtype: details.dtype,
    shape: Array.from(details.shape),
    any_batch: false,
    ...quantization,
  };
}
