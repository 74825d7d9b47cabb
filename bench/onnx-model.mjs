// Writes the few ONNX graphs that the comparison needs, as protocol-buffer bytes (field numbers of onnx.proto3).

const floatType = 1; // TensorProto.FLOAT
const intAttribute = 2; // AttributeProto.INT

function varint(value) {
  const bytes = [];
  let rest = BigInt(value);
  do {
    const more = rest > 127n;
    bytes.push(Number(rest & 127n) | (more ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

const integer = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
function bytes(field, value) {
  const content = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
}
const all = (field, values, write) => Buffer.concat(values.map((value) => bytes(field, write(value))));

function weight({ name, shape, values }) {
  const data = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const dims = Buffer.concat(shape.map((size) => integer(1, size)));
  return Buffer.concat([dims, integer(2, floatType), bytes(8, name), bytes(9, data)]);
}

function value({ name, shape }) {
  const dims = all(1, shape, (size) => integer(1, size));
  return Buffer.concat([bytes(1, name), bytes(2, bytes(1, Buffer.concat([integer(1, floatType), bytes(2, dims)])))]);
}

const node = ({ type, inputs, outputs, attributes }) =>
  Buffer.concat([
    all(1, inputs, (name) => Buffer.from(name)),
    all(2, outputs, (name) => Buffer.from(name)),
    bytes(4, type),
    all(5, Object.entries(attributes), ([name, number]) =>
      Buffer.concat([bytes(1, name), integer(3, number), integer(20, intAttribute)]),
    ),
  ]);

/** A model from nodes, weights, and named inputs and outputs with fixed shapes; operator set 14. */
export function onnxModel({ nodes, weights, inputs, outputs }) {
  const graph = Buffer.concat([
    all(1, nodes, node),
    bytes(2, "rondo-bench"),
    all(5, weights, weight),
    all(11, inputs, value),
    all(12, outputs, value),
  ]);
  return Buffer.concat([integer(1, 8), bytes(7, graph), bytes(8, integer(2, 14))]);
}

/** Where ONNX keeps each gate in our order (LSTM i,f,c,o to i,o,f,c; GRU z,r,h and RNN as they are). */
const gateOrder = { lstm: [0, 3, 1, 2], gru: [0, 1, 2], rnn: [0] };
const operators = { lstm: "LSTM", gru: "GRU", rnn: "RNN" };

/** Our [rows, gates·units] as ONNX's [1, gates·units, rows]. */
function transposed(values, rows, units, order) {
  const width = order.length * units;
  const out = new Float32Array(rows * width);
  order.forEach((from, to) => {
    for (let j = 0; j < units; j++) {
      for (let i = 0; i < rows; i++) out[(to * units + j) * rows + i] = values[i * width + from * units + j];
    }
  });
  return out;
}

/**
 * A stack of recurrent layers over [time, batch, inputs]. With `stateful`, every layer's state is an input and an output,
 * for one step at a time. `layers` holds each layer's kernel, recurrent kernel and bias in rondo's layout.
 */
export function recurrentModel({ cell, time, batch, units, layers, stateful = false }) {
  const order = gateOrder[cell];
  const width = order.length * units;
  const graph = { nodes: [], weights: [], inputs: [], outputs: [] };
  const state = [1, batch, units];
  let x = "x";
  layers.forEach(([kernel, recurrent, bias], i) => {
    const inputs = kernel.length / width;
    if (i === 0) graph.inputs.push({ name: "x", shape: [time, batch, inputs] });
    // ONNX has an input and a recurrent bias; only our GRU has both.
    const second = bias.length > width ? bias.subarray(width) : new Float32Array(width);
    const bothBiases = new Float32Array(2 * width);
    bothBiases.set(transposed(bias.subarray(0, width), 1, units, order));
    bothBiases.set(transposed(second, 1, units, order), width);
    const shapes = { W: [1, width, inputs], R: [1, width, units], B: [1, 2 * width] };
    const values = { W: transposed(kernel, inputs, units, order), R: transposed(recurrent, units, units, order) };
    for (const name of ["W", "R", "B"]) {
      graph.weights.push({ name: `${name}${i}`, shape: shapes[name], values: values[name] ?? bothBiases });
    }
    const states = stateful ? (cell === "lstm" ? [`h${i}`, `c${i}`] : [`h${i}`]) : [];
    for (const name of states) {
      graph.inputs.push({ name, shape: state });
      graph.outputs.push({ name: `${name}_next`, shape: state });
    }
    graph.nodes.push({
      type: operators[cell],
      inputs: [x, `W${i}`, `R${i}`, `B${i}`, "", ...states],
      outputs: stateful ? ["", ...states.map((name) => `${name}_next`)] : [`y${i}`],
      attributes: { hidden_size: units, ...(cell === "gru" ? { linear_before_reset: 1 } : {}) },
    });
    x = stateful ? `h${i}_next` : `y${i}`;
  });
  if (!stateful) graph.outputs.push({ name: x, shape: [time, 1, batch, units] });
  return onnxModel(graph);
}
