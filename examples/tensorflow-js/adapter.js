#!/usr/bin/env node
/**
 * tf.layers.batchNormalization, as batchnorm-conformance asks for it: docs/protocol.md over standard input and output.
 *
 * The adapter adds nothing of its own: it hands epsilon, momentum, axis, scale and center to the layer, takes gradients
 * from TensorFlow.js's own differentiation, and converts arrays.
 */
"use strict";

// Before anything is loaded: what a library logs must not get between the replies.
globalThis.console = new console.Console(process.stderr, process.stderr);

const { decode, encode } = require("@msgpack/msgpack");
const tf = require("@tensorflow/tfjs");

const PROTOCOL = 1;
const MOST_BYTES = 0x09000000 - 1;
/** No request has as many fields, extents or characters: nothing is allocated on the word of a length. */
const LIMITS = { maxArrayLength: 1000, maxMapLength: 1000, maxStrLength: 10000, maxExtLength: 0 };
/** The canonical names of parameters, each with the layer's own. */
const PARAMETERS = {
  gamma: "gamma",
  beta: "beta",
  running_mean: "moving_mean",
  running_var: "moving_variance",
};

const IDENTITY = {
  op: "identity",
  protocol: PROTOCOL,
  name: "TensorFlow.js, pure JavaScript",
  version: tf.version.tfjs,
  capabilities: {
    dtypes: ["float32"],
    ranks: [2, 3, 4], // "batchNormalization is not implemented for array of rank 5 yet"
    axes: "any",
    gradients: true,
    affine: "separate",
    defaults: true,
    views: false,
    names: [
      ["running_mean", "moving_mean"],
      ["running_var", "moving_variance"],
    ],
  },
};

class Layer {
  constructor(config) {
    if (config.dtype !== "float32") throw new Error(`dtype ${config.dtype} is not supported: only float32 is`);
    if (config.cumulative) throw new Error("TensorFlow.js offers no cumulative average");
    const { axis, epsilon, momentum, scale, center } = config;
    this.layer = tf.layers.batchNormalization({
      axis,
      scale,
      center,
      ...(config.defaults ? {} : { epsilon, momentum }),
    });
    this.layer.build(config.input_shape);
    this.weights = new Map(this.layer.weights.map((weight) => [weight.originalName.split("/").pop(), weight]));
  }

  weight(name) {
    const found = this.weights.get(PARAMETERS[name]);
    if (found === undefined) throw new Error(`the layer has no parameter ${name}`);
    return found;
  }

  parameters() {
    const held = Object.keys(PARAMETERS).filter((name) => this.weights.has(PARAMETERS[name]));
    return Object.fromEntries(held.map((name) => [name, arrayOf(this.weight(name).read())]));
  }

  load(parameters) {
    for (const [name, array] of Object.entries(parameters)) {
      const value = tensorOf(array);
      this.weight(name).write(value);
      value.dispose();
    }
    return {};
  }

  forward(array, training) {
    this.last?.values.forEach((value) => value.dispose());
    const values = new Map([...this.weights].map(([name, weight]) => [name, weight.read().clone()]));
    values.set("x", tensorOf(array));
    this.last = { training, values };
    return { y: arrayOf(tf.tidy(() => this.layer.apply(values.get("x"), { training }))) };
  }

  /** The last call is repeated from the state it met, and differentiated; then the state is as it was. */
  backward(array) {
    if (this.last === undefined) throw new Error("backward comes after forward");
    const { training, values } = this.last;
    const now = new Map([...this.weights].map(([name, weight]) => [name, weight.read().clone()]));
    this.write(values);
    try {
      return tf.tidy(() => {
        const dy = tensorOf(array);
        tf.util.assertShapesMatch(dy.shape, values.get("x").shape, "dy and x: ");
        const x = tf.variable(values.get("x"));
        const affine = ["gamma", "beta"].filter((name) => this.weights.has(name));
        const inputs = [x, ...affine.map((name) => this.weight(name).val)];
        const { grads } = tf.variableGrads(
          () => tf.sum(tf.mul(this.layer.apply(x, { training }), dy)),
          inputs,
        );
        const found = inputs.map((input) => arrayOf(grads[input.name]));
        x.dispose();
        return Object.fromEntries(["x", ...affine].map((name, k) => [name, found[k]]));
      });
    } finally {
      this.write(now);
      now.forEach((value) => value.dispose());
    }
  }

  write(values) {
    for (const [name, weight] of this.weights) weight.write(values.get(name));
  }

  dispose() {
    this.last?.values.forEach((value) => value.dispose());
    this.weights.forEach((weight) => weight.dispose()); // layer.dispose() refuses before a first call
  }
}

// -- arrays: {dtype, shape, data}, C order, little endian, as every machine that runs Node.js has it

function tensorOf({ dtype, shape, data }) {
  if (dtype !== "float32") throw new Error(`an array of dtype ${dtype}; only float32 is supported`);
  if (!Array.isArray(shape) || !(data instanceof Uint8Array)) throw new Error("not an array {dtype, shape, data}");
  const size = shape.reduce((product, extent) => product * extent, 4);
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0) || size !== data.length)
    throw new Error(`an array of shape [${shape.slice(0, 8)}] and ${data.length} bytes of data do not fit`);
  // Copied, since the bytes may lie anywhere in the message, and numbers may not.
  return tf.tensor(new Float32Array(new Uint8Array(data).buffer), shape);
}

function arrayOf(tensor) {
  const values = tensor.dataSync();
  const data = new Uint8Array(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return { dtype: tensor.dtype, shape: tensor.shape, data };
}

// -- requests

const layers = new Map();

function layerOf(number) {
  const found = layers.get(number);
  if (found === undefined) throw new Error(`there is no layer ${number}: it was never built`);
  return found;
}

function perform({ op, layer = 0, ...request }) {
  switch (op) {
    case "build":
      layers.get(layer)?.dispose();
      layers.delete(layer);
      layers.set(layer, new Layer(request.config));
      return {};
    case "load":
      return layerOf(layer).load(request.parameters);
    case "parameters":
      return layerOf(layer).parameters();
    case "forward":
      if (typeof request.training !== "boolean") throw new Error("forward without training, true or false");
      return layerOf(layer).forward(request.x, request.training);
    case "backward":
      return layerOf(layer).backward(request.dy);
    default:
      throw new Error(`unknown op ${String(op).slice(0, 60)}`);
  }
}

function answer(message) {
  try {
    const request = decode(message, LIMITS);
    if (request?.op === "hello") return IDENTITY;
    const start = performance.now();
    const arrays = perform(request);
    return { op: "answer", arrays, seconds: (performance.now() - start) / 1000 };
  } catch (error) {
    return {
      op: "raised",
      kind: error?.name ?? "Error",
      text: String(error?.message ?? error).slice(0, 2000),
      trace: String(error?.stack ?? "").slice(0, 2000),
    };
  }
}

// -- the stream: a length, four bytes, little endian, then so many bytes of MessagePack

function send(reply) {
  let payload = encode(reply);
  if (payload.length > MOST_BYTES) payload = encode({ op: "raised", kind: "RangeError", text: "the answer is too long" });
  const header = Buffer.alloc(4);
  header.writeUInt32LE(payload.length);
  process.stdout.write(header);
  process.stdout.write(payload);
}

async function main() {
  await tf.setBackend("cpu");
  await tf.ready();
  let pieces = [];
  let held = 0;
  for await (const chunk of process.stdin) {
    pieces.push(chunk);
    held += chunk.length;
    while (held >= 4) {
      if (pieces[0].length < 4) pieces = [Buffer.concat(pieces)];
      const length = pieces[0].readUInt32LE(0);
      if (length > MOST_BYTES) throw new Error(`standard input announces a message of ${length} bytes`);
      if (held < 4 + length) break;
      const all = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
      send(answer(all.subarray(4, 4 + length)));
      pieces = [all.subarray(4 + length)];
      held -= 4 + length;
    }
  }
  if (held > 0) throw new Error("standard input ended inside a message");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
