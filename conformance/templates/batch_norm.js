#!/usr/bin/env node
/**
 * A batch norm in one file of JavaScript without dependencies, judged by `bnconf run 'exec:node batch_norm.js'`: a
 * template for authors of layers. CHANGE marks the places to make yours. The rest, MessagePack and the loop that answers
 * requests (docs/protocol.md), needs no change.
 *
 * Whatever comes in is checked before it is believed, and a bad request costs one answer of `raised`.
 */
"use strict";

// What a library logs must not get between the replies.
globalThis.console = new console.Console(process.stderr, process.stderr);

// CHANGE: what your batch norm is called, and what it does. Declare only what it supports: the rest is not asked for.
const IDENTITY = {
  op: "identity",
  protocol: 1,
  name: "batch norm in JavaScript",
  version: "1.0",
  capabilities: {
    dtypes: ["float32", "float64"],
    ranks: [2, 3, 4, 5],
    axes: "any",
    gradients: true,
    affine: "separate",
    views: false,
  },
};

const ARRAYS = { float32: Float32Array, float64: Float64Array };

/** Arrays come and go as {dtype, shape, data}, where data is a Float32Array or a Float64Array in C order. */
class BatchNorm {
  constructor({ input_shape: shape, axis, dtype, epsilon, momentum, scale = true, center = true, cumulative }) {
    if (!Object.hasOwn(ARRAYS, dtype)) throw new Error(`dtype ${dtype} is not supported`);
    if (cumulative) throw new Error("there is no cumulative average here");
    if (!Number.isInteger(shape.at(axis))) throw new Error(`an input of shape [${shape}] has no axis ${axis}`);
    this.dtype = dtype;
    this.rank = shape.length;
    this.axis = axis < 0 ? axis + shape.length : axis;
    this.n = shape[this.axis];
    // Passed on as they are: which way round momentum works is measured.
    this.epsilon = epsilon ?? 1e-5;
    this.momentum = momentum ?? 0.9;
    // CHANGE: your parameters under these four names, in the shapes they have.
    const vector = (value) => new ARRAYS[dtype](this.n).fill(value);
    this.held = new Map([
      ...(scale ? [["gamma", vector(1)]] : []),
      ...(center ? [["beta", vector(0)]] : []),
      ["running_mean", vector(0)],
      ["running_var", vector(1)],
    ]);
  }

  parameters() {
    const shown = ([name, data]) => [name, { dtype: this.dtype, shape: [this.n], data }];
    return Object.fromEntries([...this.held].map(shown));
  }

  load(parameters) {
    // All or nothing: what does not fit leaves the layer as it was.
    for (const [name, { dtype, shape }] of parameters) {
      if (!this.held.has(name)) throw new Error(`there is no parameter ${name}`);
      if (dtype !== this.dtype || shape.length !== 1 || shape[0] !== this.n)
        throw new Error(`${name} is ${dtype} of shape [${shape}]; expected ${this.dtype} of shape [${this.n}]`);
    }
    for (const [name, { data }] of parameters) this.held.set(name, data.slice());
  }

  forward(x, training) {
    this.check(x, "x");
    if (training && x.data.length === 0) throw new Error("an empty batch has no statistics to train by");
    const size = (extents) => extents.reduce((product, extent) => product * extent, 1);
    this.outer = size(x.shape.slice(0, this.axis));
    this.inner = size(x.shape.slice(this.axis + 1));
    const gamma = this.held.get("gamma")?.slice();
    const beta = this.held.get("beta");
    const y = new ARRAYS[this.dtype](x.data.length);
    const features = [];
    for (let k = 0; k < this.n; k++) {
      let mean = this.held.get("running_mean")[k];
      let variance = this.held.get("running_var")[k];
      if (training) {
        [mean, variance] = this.statistics(x.data, k);
        this.average("running_mean", k, mean);
        this.average("running_var", k, variance);
      }
      const inverse = 1 / Math.sqrt(variance + this.epsilon);
      // CHANGE: y, feature by feature here.
      this.each(k, (i) => (y[i] = (x.data[i] - mean) * inverse * (gamma?.[k] ?? 1) + (beta?.[k] ?? 0)));
      features.push({ mean, inverse, gamma: gamma?.[k] ?? 1 });
    }
    this.last = { x: x.data.slice(), shape: x.shape, training, features };
    return { y: { dtype: this.dtype, shape: x.shape, data: y } };
  }

  backward(dy) {
    if (this.last === undefined) throw new Error("backward comes after forward");
    const { x, shape, training, features } = this.last;
    if (dy.dtype !== this.dtype || String(dy.shape) !== String(shape))
      throw new Error(`dy has shape [${dy.shape}]; expected that of x, [${shape}]`);
    const made = (size) => new ARRAYS[this.dtype](size);
    const [dx, dgamma, dbeta] = [made(x.length), made(this.n), made(this.n)];
    features.forEach(({ mean, inverse, gamma }, k) => {
      // CHANGE: the gradients of the last call of forward; or leave them out, and gradients: true above.
      const count = this.outer * this.inner;
      const total = sum((add) => this.each(k, (i) => add(dy.data[i])));
      const moment = sum((add) => this.each(k, (i) => add(dy.data[i] * ((x[i] - mean) * inverse))));
      const [byMean, byVariance] = training ? [total / count, moment / count] : [0, 0];
      this.each(k, (i) => {
        const xhat = (x[i] - mean) * inverse;
        dx[i] = gamma * inverse * (dy.data[i] - byMean - xhat * byVariance);
      });
      [dgamma[k], dbeta[k]] = [moment, total];
    });
    const array = (data, extents) => ({ dtype: this.dtype, shape: extents, data });
    return {
      x: array(dx, shape),
      ...(this.held.has("gamma") ? { gamma: array(dgamma, [this.n]) } : {}),
      ...(this.held.has("beta") ? { beta: array(dbeta, [this.n]) } : {}),
    };
  }

  /** Mean and biased variance of feature k: two passes, since E[x^2] - E[x]^2 cancels. */
  statistics(x, k) {
    const count = this.outer * this.inner;
    const mean = sum((add) => this.each(k, (i) => add(x[i]))) / count;
    // What the rounding of the mean adds to every deviation is taken off again.
    const off = sum((add) => this.each(k, (i) => add(x[i] - mean))) / count;
    const squares = sum((add) => this.each(k, (i) => add((x[i] - mean) ** 2))) / count;
    return [mean + off, squares === Infinity ? squares : Math.max(0, squares - off * off)];
  }

  average(name, k, seen) {
    const kept = this.held.get(name);
    const weight = this.momentum;
    kept[k] = weight === 0 ? seen : weight === 1 ? kept[k] : weight * kept[k] + (1 - weight) * seen;
  }

  /** Every index of feature k in an array seen as (outer, n, inner). */
  each(k, visit) {
    for (let outer = 0; outer < this.outer; outer++) {
      const start = (outer * this.n + k) * this.inner;
      for (let i = start; i < start + this.inner; i++) visit(i);
    }
  }

  check({ dtype, shape }, what) {
    if (dtype !== this.dtype) throw new Error(`${what} is ${dtype}; the layer was built for ${this.dtype}`);
    if (shape.length !== this.rank || shape[this.axis] !== this.n)
      throw new Error(`${what} of shape [${shape}] should have rank ${this.rank} and ${this.n} features`);
  }
}

/** A sum with what each addition rounds off, so that long sums are as good as short ones. */
function sum(visit) {
  let total = 0;
  let rest = 0;
  visit((value) => {
    const next = total + value;
    rest += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  });
  return Number.isFinite(rest) ? total + rest : total;
}

// -- requests

const layers = new Map();

function performed(request) {
  const number = request.get("layer") ?? 0;
  const op = request.get("op");
  if (op === "build") {
    layers.delete(number);
    layers.set(number, new BatchNorm(Object.fromEntries(mapped(request, "config"))));
    return {};
  }
  const layer = layers.get(number);
  if (layer === undefined) throw new Error(`there is no layer ${number}: it was never built`);
  switch (op) {
    case "load":
      layer.load([...mapped(request, "parameters")].map(([name, value]) => [name, arrayIn(value, name)]));
      return {};
    case "parameters":
      return layer.parameters();
    case "forward":
      if (typeof request.get("training") !== "boolean") throw new Error("forward without training, true or false");
      return layer.forward(arrayIn(request.get("x"), "x"), request.get("training"));
    case "backward":
      return layer.backward(arrayIn(request.get("dy"), "dy"));
    default:
      throw new Error(`unknown op ${String(op).slice(0, 60)}`);
  }
}

function mapped(request, name) {
  const found = request.get(name);
  if (!(found instanceof Map)) throw new Error(`${name} is missing`);
  return found;
}

function arrayIn(value, name) {
  if (!(value instanceof Map)) throw new Error(`${name} is no array`);
  const [dtype, shape, data] = ["dtype", "shape", "data"].map((key) => value.get(key));
  if (!Object.hasOwn(ARRAYS, dtype)) throw new Error(`${name} has dtype ${String(dtype).slice(0, 60)}`);
  const whole = Array.isArray(shape) && shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (!whole || !(data instanceof Uint8Array)) throw new Error(`${name} is not an array {dtype, shape, data}`);
  const bytes = shape.reduce((product, extent) => product * extent, ARRAYS[dtype].BYTES_PER_ELEMENT);
  if (bytes !== data.length) throw new Error(`${name} has shape [${shape.slice(0, 8)}] and ${data.length} bytes`);
  // Copied, since the bytes may lie anywhere in the message, and numbers may not.
  return { dtype, shape, data: new ARRAYS[dtype](new Uint8Array(data).buffer) };
}

function answered(message) {
  try {
    const request = decoded(message);
    if (!(request instanceof Map)) throw new Error("a request is a map");
    if (request.get("op") === "hello") return IDENTITY;
    const start = performance.now();
    const arrays = performed(request);
    return { op: "answer", arrays, seconds: (performance.now() - start) / 1000 };
  } catch (error) {
    return { op: "raised", kind: error.name, text: String(error.message).slice(0, 2000) };
  }
}

// -- MessagePack, as much of it as the protocol has

const MOST_VALUES = 10000; // a message of the protocol has fewer than a hundred

function decoded(message) {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  let values = 0;
  const take = (count) => {
    if (count > message.length - at) throw new Error("not a message: it ends too early");
    at += count;
    return at - count;
  };
  const number = (kind, bytes) => Number(view[`get${kind}`](take(bytes)));
  const bytes = (count) => message.subarray(take(count), at);
  const text = (count) => new TextDecoder("utf-8", { fatal: true }).decode(bytes(count));
  const list = (count, depth) => {
    const found = [];
    for (let k = 0; k < count; k++) found.push(value(depth + 1));
    return found;
  };
  const map = (count, depth) => {
    const found = new Map();
    for (let k = 0; k < count; k++) found.set(value(depth + 1), value(depth + 1));
    return found;
  };
  const value = (depth) => {
    if (depth > 32 || ++values > MOST_VALUES) throw new Error("not a message: it holds too much");
    const first = number("Uint8", 1);
    if (first < 0x80) return first;
    if (first < 0x90) return map(first & 0x0f, depth);
    if (first < 0xa0) return list(first & 0x0f, depth);
    if (first < 0xc0) return text(first & 0x1f);
    if (first >= 0xe0) return first - 0x100;
    switch (first) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: return bytes(number("Uint8", 1));
      case 0xc5: return bytes(number("Uint16", 2));
      case 0xc6: return bytes(number("Uint32", 4));
      case 0xca: return number("Float32", 4);
      case 0xcb: return number("Float64", 8);
      case 0xcc: return number("Uint8", 1);
      case 0xcd: return number("Uint16", 2);
      case 0xce: return number("Uint32", 4);
      case 0xcf: return number("BigUint64", 8);
      case 0xd0: return number("Int8", 1);
      case 0xd1: return number("Int16", 2);
      case 0xd2: return number("Int32", 4);
      case 0xd3: return number("BigInt64", 8);
      case 0xd9: return text(number("Uint8", 1));
      case 0xda: return text(number("Uint16", 2));
      case 0xdb: return text(number("Uint32", 4));
      case 0xdc: return list(number("Uint16", 2), depth);
      case 0xdd: return list(number("Uint32", 4), depth);
      case 0xde: return map(number("Uint16", 2), depth);
      case 0xdf: return map(number("Uint32", 4), depth);
      default: throw new Error(`not a message: a value begins with ${first}`);
    }
  };
  const found = value(0);
  if (at !== message.length) throw new Error("not a message: something follows it");
  return found;
}

function encoded(value) {
  const pieces = [];
  const put = (first, kind, size, count) => {
    const piece = Buffer.alloc(1 + size);
    piece[0] = first;
    if (size) piece[`write${kind}`](count, 1);
    pieces.push(piece);
  };
  const write = (each) => {
    if (typeof each === "boolean") put(each ? 0xc3 : 0xc2, "", 0);
    else if (Number.isSafeInteger(each) && Math.abs(each) < 2 ** 31) put(0xd2, "Int32BE", 4, each);
    else if (typeof each === "number") put(0xcb, "DoubleBE", 8, each);
    else if (typeof each === "string") {
      const bytes = Buffer.from(each);
      put(0xdb, "UInt32BE", 4, bytes.length);
      pieces.push(bytes);
    } else if (ArrayBuffer.isView(each)) {
      put(0xc6, "UInt32BE", 4, each.byteLength);
      pieces.push(Buffer.from(each.buffer, each.byteOffset, each.byteLength));
    } else if (Array.isArray(each)) {
      put(0xdd, "UInt32BE", 4, each.length);
      each.forEach(write);
    } else {
      const entries = Object.entries(each);
      put(0xdf, "UInt32BE", 4, entries.length);
      for (const [name, own] of entries) [name, own].forEach(write);
    }
  };
  write(value);
  return Buffer.concat(pieces);
}

// -- the stream: a length, four bytes, little endian, then so many bytes of MessagePack

const MOST_BYTES = 0x09000000 - 1;

function send(reply) {
  let payload = encoded(reply);
  if (payload.length > MOST_BYTES) payload = encoded({ op: "raised", kind: "RangeError", text: "the answer is too long" });
  const header = Buffer.alloc(4);
  header.writeUInt32LE(payload.length);
  process.stdout.write(header);
  process.stdout.write(payload);
}

async function main() {
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
      send(answered(all.subarray(4, 4 + length)));
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
