// What a .tflite file says of itself, for LiteRT.js, which tells neither the
// scale of an input nor takes a file for any number of images.
//
// A flatbuffer: an offset leads from where it stands, a table begins with the
// way back to the list of where its fields are.

const MODEL = { subgraphs: 2 };
const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2 };
const TENSOR = { shape: 0, quantization: 4, signature: 7 };
const QUANTIZATION = { scale: 2, zeroPoint: 3 };

/**
 * Reads a file.
 *
 * @param {Uint8Array} content The file.
 * @return What `LiteRT.js` is to run: a copy of the file in which every size
 *     that was left open is what it is until someone says otherwise, 1; and
 *     scale and zero point of its only input and output, or null.
 */
export function read(content) {
  const copy = new Uint8Array(content);
  const view = new DataView(copy.buffer);
  const graphs = vector(view, view.getUint32(0, true), MODEL.subgraphs);
  for (const graph of graphs.map((at) => target(view, at))) {
    for (const at of vector(view, graph, SUBGRAPH.tensors)) {
      close(view, target(view, at));
    }
  }
  const main = target(view, graphs[0]);
  const tensors = vector(view, main, SUBGRAPH.tensors);
  const [input, output] = [SUBGRAPH.inputs, SUBGRAPH.outputs].map((ends) => {
    const indices = vector(view, main, ends);
    if (indices.length !== 1) {
      throw new Error("the model must have one input and one output");
    }
    const index = view.getInt32(indices[0], true);
    return quantization(view, target(view, tensors[index]));
  });
  return { content: copy, input, output };
}

function target(view, at) {
  return at + view.getUint32(at, true);
}

// Where a field of a table is; null where it has none.
function field(view, table, number) {
  const fields = table - view.getInt32(table, true);
  const at = 4 + 2 * number;
  const offset =
    at < view.getUint16(fields, true) ? view.getUint16(fields + at, true) : 0;
  return offset ? table + offset : null;
}

// Where the elements of a field are, each of so many bytes.
function vector(view, table, number, bytes = 4) {
  const at = field(view, table, number);
  if (at === null) return [];
  const start = target(view, at);
  const length = view.getUint32(start, true);
  if (start + 4 + bytes * length > view.byteLength) {
    throw new Error("it lists more than it holds");
  }
  return Array.from({ length }, (_, i) => start + 4 + bytes * i);
}

// The signature has -1 where the shape has what an interpreter begins with.
function close(view, tensor) {
  const sizes = vector(view, tensor, TENSOR.shape);
  vector(view, tensor, TENSOR.signature).forEach((at, i) => {
    if (view.getInt32(at, true) === -1 && i < sizes.length) {
      view.setInt32(at, view.getInt32(sizes[i], true), true);
    }
  });
}

function quantization(view, tensor) {
  const at = field(view, tensor, TENSOR.quantization);
  const [scale, zero] =
    at === null
      ? []
      : [
          vector(view, target(view, at), QUANTIZATION.scale)[0],
          vector(view, target(view, at), QUANTIZATION.zeroPoint, 8)[0],
        ];
  return {
    scale: scale === undefined ? null : view.getFloat32(scale, true),
    zero_point:
      zero === undefined ? null : Number(view.getBigInt64(zero, true)),
  };
}
