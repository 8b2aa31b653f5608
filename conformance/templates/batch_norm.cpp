// A batch norm in one C++17 file, judged by `bnconf run 'exec:./batch_norm'`: a template for authors of kernels.
//
//   c++ -O2 -std=c++17 batch_norm.cpp -o batch_norm
//
// It has three parts. The batch norm comes first, plain on purpose; what is to be replaced by your own is marked
// CHANGE. The other two, MessagePack and the loop that answers requests (docs/protocol.md), need no change.
//
// Whatever comes in is checked before it is believed: no length, extent or count leads to an allocation or an
// access that the bytes received do not bear out, and a bad request costs one answer of `raised`.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t kMostBytes = 0x0900'0000 - 1;  // of a message

/// What a request is answered with that cannot be fulfilled: `raised`, with a kind and a text.
struct Failure : std::runtime_error {
  Failure(std::string kind, const std::string& text) : std::runtime_error(text), kind(std::move(kind)) {}
  std::string kind;
};

[[noreturn]] void refuse(const std::string& text) { throw Failure("ValueError", text); }

// ---------------------------------------------------------------------------------------------------------------
// Arrays
// ---------------------------------------------------------------------------------------------------------------

using Shape = std::vector<std::int64_t>;

std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (std::size_t k = 0; k < shape.size() && k < 8; ++k) text += (k ? ", " : "") + std::to_string(shape[k]);
  return text + (shape.size() > 8 ? ", ...)" : ")");
}

/// An array as it travels: C order, little endian. The bytes belong to the message they came in.
struct ArrayView {
  std::string_view dtype;
  Shape shape;
  std::string_view data;
};

/// An array to send.
struct Array {
  std::string dtype;
  Shape shape;
  std::string data;
};

template <typename Real>
constexpr const char* dtype_name = sizeof(Real) == 4 ? "float32" : "float64";

template <typename Real>
std::vector<Real> numbers(const ArrayView& array, const char* what) {
  if (array.dtype != dtype_name<Real>)
    refuse(std::string(what) + " is not of dtype " + dtype_name<Real> + ", which the layer was built for");
  std::vector<Real> values(array.data.size() / sizeof(Real));
  if (!values.empty()) std::memcpy(values.data(), array.data.data(), values.size() * sizeof(Real));
  return values;
}

template <typename Real>
Array array_of(const std::vector<Real>& values, Shape shape) {
  const char* bytes = reinterpret_cast<const char*>(values.data());
  return {dtype_name<Real>, std::move(shape), std::string(bytes, values.size() * sizeof(Real))};
}

// ---------------------------------------------------------------------------------------------------------------
// Batch norm
// ---------------------------------------------------------------------------------------------------------------

struct Config {
  Shape input_shape;
  std::int64_t axis = 1;
  std::string dtype;
  double epsilon = 1e-5, momentum = 0.9;
  bool scale = true, center = true, defaults = false;
};

class Layer {
 public:
  virtual ~Layer() = default;
  virtual std::map<std::string, Array> parameters() const = 0;
  virtual void load(const std::map<std::string, ArrayView>& given) = 0;
  virtual Array forward(const ArrayView& x, bool training) = 0;
  virtual std::map<std::string, Array> backward(const ArrayView& dy) = 0;
};

/// A sum in double with what each addition rounds off, so that long sums are as good as short ones.
class Sum {
 public:
  void add(double value) {
    const double next = sum_ + value;
    rest_ += std::fabs(sum_) >= std::fabs(value) ? (sum_ - next) + value : (value - next) + sum_;
    sum_ = next;
  }
  double value() const { return std::isfinite(rest_) ? sum_ + rest_ : sum_; }

 private:
  double sum_ = 0, rest_ = 0;
};

template <typename Real>
class BatchNorm final : public Layer {
 public:
  explicit BatchNorm(const Config& config)
      : config_(config),
        axis_(resolved(config)),
        n_(static_cast<std::size_t>(config.input_shape[axis_])),
        gamma_(config.scale ? n_ : 0, Real(1)),
        beta_(config.center ? n_ : 0, Real(0)),
        running_mean_(n_, Real(0)),
        running_var_(n_, Real(1)) {}

  std::map<std::string, Array> parameters() const override {
    const Shape vector{static_cast<std::int64_t>(n_)};
    std::map<std::string, Array> held{{"running_mean", array_of(running_mean_, vector)},
                                      {"running_var", array_of(running_var_, vector)}};
    if (config_.scale) held.emplace("gamma", array_of(gamma_, vector));
    if (config_.center) held.emplace("beta", array_of(beta_, vector));
    return held;
  }

  void load(const std::map<std::string, ArrayView>& given) override {
    // All or nothing: what does not fit leaves the layer as it was.
    std::vector<std::pair<std::vector<Real>*, std::vector<Real>>> accepted;
    for (const auto& [name, value] : given) {
      std::vector<Real>* place = name == "gamma" && config_.scale   ? &gamma_
                                 : name == "beta" && config_.center ? &beta_
                                 : name == "running_mean"           ? &running_mean_
                                 : name == "running_var"            ? &running_var_
                                                                    : nullptr;
      if (!place) refuse("the layer has no parameter of that name");
      if (value.shape != Shape{static_cast<std::int64_t>(n_)})
        refuse(name + " has shape " + to_string(value.shape) + "; expected (" + std::to_string(n_) + ",)");
      accepted.emplace_back(place, numbers<Real>(value, name.c_str()));
    }
    for (auto& [place, values] : accepted) *place = std::move(values);
  }

  Array forward(const ArrayView& given, bool training) override {
    check(given, "x");
    std::vector<Real> x = numbers<Real>(given, "x");
    if (training && x.empty()) refuse("an empty batch has no statistics to train by");
    split(given.shape);
    training_ = training;
    used_gamma_ = gamma_;
    std::vector<Real> y(x.size());
    mean_.assign(n_, 0);
    inverse_deviation_.assign(n_, 0);
    for (std::size_t k = 0; k < n_; ++k) {
      double mean = running_mean_[k], var = running_var_[k];
      if (training) {
        statistics(x, k, mean, var);
        running_mean_[k] = averaged(running_mean_[k], mean);
        running_var_[k] = averaged(running_var_[k], var);
      }
      normalise(x, k, mean, var, y);
    }
    x_ = std::move(x);
    x_shape_ = given.shape;
    return array_of(y, given.shape);
  }

  std::map<std::string, Array> backward(const ArrayView& given) override {
    if (x_shape_.empty()) refuse("backward comes after forward");
    if (given.shape != x_shape_)
      refuse("dy has shape " + to_string(given.shape) + "; expected that of x, " + to_string(x_shape_));
    const std::vector<Real> dy = numbers<Real>(given, "dy");
    std::vector<Real> dx(dy.size()), dgamma(n_), dbeta(n_);
    for (std::size_t k = 0; k < n_; ++k) gradients(dy, k, dx, dgamma[k], dbeta[k]);
    const Shape vector{static_cast<std::int64_t>(n_)};
    std::map<std::string, Array> found{{"x", array_of(dx, x_shape_)}};
    if (config_.scale) found.emplace("gamma", array_of(dgamma, vector));
    if (config_.center) found.emplace("beta", array_of(dbeta, vector));
    return found;
  }

 private:
  // -- CHANGE: the four functions from here on by your kernels. An array x of any shape is seen as
  //    (outer_, n_, inner_) around the feature axis; its feature k is visited by `each`.

  /// Mean and biased variance of feature k: two passes, since E[x^2] - E[x]^2 cancels.
  void statistics(const std::vector<Real>& x, std::size_t k, double& mean, double& var) const {
    const double count = static_cast<double>(outer_ * inner_);
    Sum sum, squares, deviations;
    each(k, [&](std::size_t i) { sum.add(x[i]); });
    mean = sum.value() / count;
    each(k, [&](std::size_t i) {
      const double deviation = x[i] - mean;
      squares.add(deviation * deviation);
      deviations.add(deviation);
    });
    // What the rounding of the mean adds to every deviation, taken off again.
    const double off = deviations.value() / count;
    mean += off;
    var = std::fmax(0.0, squares.value() / count - off * off);
    if (std::isnan(squares.value())) var = squares.value();
  }

  void normalise(const std::vector<Real>& x, std::size_t k, double mean, double var, std::vector<Real>& y) {
    const double inverse = 1 / std::sqrt(var + epsilon());
    const double gamma = config_.scale ? double(gamma_[k]) : 1, beta = config_.center ? double(beta_[k]) : 0;
    mean_[k] = mean;
    inverse_deviation_[k] = inverse;
    each(k, [&](std::size_t i) { y[i] = static_cast<Real>((x[i] - mean) * inverse * gamma + beta); });
  }

  /// The running average: momentum is the weight of what was kept.
  Real averaged(Real kept, double seen) const {
    const double weight = config_.defaults ? Config().momentum : config_.momentum;
    return static_cast<Real>(weight == 0 ? seen : weight == 1 ? kept : weight * kept + (1 - weight) * seen);
  }

  void gradients(const std::vector<Real>& dy, std::size_t k, std::vector<Real>& dx, Real& dgamma,
                 Real& dbeta) const {
    const double mean = mean_[k], inverse = inverse_deviation_[k];
    const double gamma = config_.scale ? double(used_gamma_[k]) : 1, count = static_cast<double>(outer_ * inner_);
    Sum sum, product;
    each(k, [&](std::size_t i) {
      sum.add(dy[i]);
      product.add(double(dy[i]) * ((x_[i] - mean) * inverse));
    });
    dbeta = static_cast<Real>(sum.value());
    dgamma = static_cast<Real>(product.value());
    const double mean_dy = training_ ? sum.value() / count : 0;
    const double mean_product = training_ ? product.value() / count : 0;
    each(k, [&](std::size_t i) {
      const double xhat = (x_[i] - mean) * inverse;
      dx[i] = static_cast<Real>(gamma * inverse * (dy[i] - mean_dy - xhat * mean_product));
    });
  }

  // -- CHANGE ends here

  template <typename Visit>
  void each(std::size_t k, Visit visit) const {
    for (std::size_t outer = 0; outer < outer_; ++outer) {
      const std::size_t start = (outer * n_ + k) * inner_;
      for (std::size_t i = start; i < start + inner_; ++i) visit(i);
    }
  }

  double epsilon() const { return config_.defaults ? Config().epsilon : config_.epsilon; }

  static std::size_t resolved(const Config& config) {
    const auto rank = static_cast<std::int64_t>(config.input_shape.size());
    if (config.axis < -rank || config.axis >= rank)
      refuse("an input of shape " + to_string(config.input_shape) + " has no axis " + std::to_string(config.axis));
    return static_cast<std::size_t>(config.axis < 0 ? config.axis + rank : config.axis);
  }

  void check(const ArrayView& x, const char* what) const {
    if (x.shape.size() != config_.input_shape.size())
      refuse(std::string(what) + " has shape " + to_string(x.shape) + "; expected rank " +
             std::to_string(config_.input_shape.size()));
    if (x.shape[axis_] != static_cast<std::int64_t>(n_))
      refuse(std::string(what) + " of shape " + to_string(x.shape) + " has " + std::to_string(x.shape[axis_]) +
             " features; expected " + std::to_string(n_));
  }

  void split(const Shape& shape) {
    outer_ = inner_ = 1;
    for (std::size_t k = 0; k < axis_; ++k) outer_ *= static_cast<std::size_t>(shape[k]);
    for (std::size_t k = axis_ + 1; k < shape.size(); ++k) inner_ *= static_cast<std::size_t>(shape[k]);
  }

  Config config_;
  std::size_t axis_, n_;
  std::vector<Real> gamma_, beta_, running_mean_, running_var_;
  // Of the last forward call, for backward.
  std::vector<Real> x_, used_gamma_;
  Shape x_shape_;
  std::vector<double> mean_, inverse_deviation_;
  std::size_t outer_ = 1, inner_ = 1;
  bool training_ = false;
};

std::unique_ptr<Layer> make_layer(const Config& config) {
  if (config.dtype == "float32") return std::make_unique<BatchNorm<float>>(config);
  if (config.dtype == "float64") return std::make_unique<BatchNorm<double>>(config);
  refuse("the layer computes in float32 and float64 only");
}

// ---------------------------------------------------------------------------------------------------------------
// MessagePack
// ---------------------------------------------------------------------------------------------------------------

/// A value read. Text and bytes are views of the message.
struct Value {
  enum class Kind { nil, boolean, integer, real, text, bytes, list, map } kind = Kind::nil;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view raw;
  std::vector<Value> items;  // of a map: key, value, key, value, ...

  /// The value of a key, or nullptr.
  const Value* find(std::string_view key) const {
    for (std::size_t k = 0; kind == Kind::map && k + 1 < items.size(); k += 2)
      if (items[k].kind == Kind::text && items[k].raw == key) return &items[k + 1];
    return nullptr;
  }
};

class Reader {
 public:
  explicit Reader(std::string_view data) : data_(data) {}

  Value message() {
    Value value = read(0);
    if (at_ != data_.size()) malformed("something follows it");
    return value;
  }

 private:
  static constexpr int kDeepest = 32;
  static constexpr std::size_t kMostValues = 10000;  // a message of the protocol has fewer than a hundred

  [[noreturn]] static void malformed(const std::string& why) { throw Failure("Malformed", "not a message: " + why); }

  std::string_view take(std::uint64_t count) {
    if (count > data_.size() - at_) malformed("it ends too early");
    const std::string_view taken = data_.substr(at_, static_cast<std::size_t>(count));
    at_ += static_cast<std::size_t>(count);
    return taken;
  }

  std::uint64_t number(int bytes) {
    std::uint64_t value = 0;
    for (const char byte : take(static_cast<std::uint64_t>(bytes)))
      value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }

  Value read(int depth) {
    if (depth > kDeepest) malformed("it is nested too deeply");
    if (++values_ > kMostValues) malformed("it holds too many values");
    const auto first = static_cast<unsigned>(number(1));
    if (first < 0x80) return integer(first);
    if (first < 0x90) return sequence(Value::Kind::map, first & 0x0f, depth);
    if (first < 0xa0) return sequence(Value::Kind::list, first & 0x0f, depth);
    if (first < 0xc0) return raw(Value::Kind::text, first & 0x1f);
    if (first >= 0xe0) return integer(static_cast<std::int64_t>(first) - 256);
    switch (first) {
      case 0xc0: return {};
      case 0xc2: case 0xc3: { Value value; value.kind = Value::Kind::boolean; value.boolean = first == 0xc3; return value; }
      case 0xc4: return raw(Value::Kind::bytes, number(1));
      case 0xc5: return raw(Value::Kind::bytes, number(2));
      case 0xc6: return raw(Value::Kind::bytes, number(4));
      case 0xc7: return extension(number(1));
      case 0xc8: return extension(number(2));
      case 0xc9: return extension(number(4));
      case 0xca: { const auto bits = static_cast<std::uint32_t>(number(4)); float value; std::memcpy(&value, &bits, 4); return real(value); }
      case 0xcb: { const std::uint64_t bits = number(8); double value; std::memcpy(&value, &bits, 8); return real(value); }
      case 0xcc: return integer(static_cast<std::int64_t>(number(1)));
      case 0xcd: return integer(static_cast<std::int64_t>(number(2)));
      case 0xce: return integer(static_cast<std::int64_t>(number(4)));
      case 0xcf: { const std::uint64_t value = number(8); if (value > INT64_MAX) malformed("a number is too large"); return integer(static_cast<std::int64_t>(value)); }
      case 0xd0: return integer(static_cast<std::int8_t>(number(1)));
      case 0xd1: return integer(static_cast<std::int16_t>(number(2)));
      case 0xd2: return integer(static_cast<std::int32_t>(number(4)));
      case 0xd3: return integer(static_cast<std::int64_t>(number(8)));
      case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: return extension(std::uint64_t{1} << (first - 0xd4));
      case 0xd9: return raw(Value::Kind::text, number(1));
      case 0xda: return raw(Value::Kind::text, number(2));
      case 0xdb: return raw(Value::Kind::text, number(4));
      case 0xdc: return sequence(Value::Kind::list, number(2), depth);
      case 0xdd: return sequence(Value::Kind::list, number(4), depth);
      case 0xde: return sequence(Value::Kind::map, number(2), depth);
      case 0xdf: return sequence(Value::Kind::map, number(4), depth);
      default: malformed("no MessagePack");
    }
  }

  static Value integer(std::int64_t number) {
    Value value;
    value.kind = Value::Kind::integer;
    value.integer = number;
    return value;
  }

  static Value real(double number) {
    Value value;
    value.kind = Value::Kind::real;
    value.real = number;
    return value;
  }

  Value raw(Value::Kind kind, std::uint64_t length) {
    Value value;
    value.kind = kind;
    value.raw = take(length);
    return value;
  }

  /// Of no use to the protocol, so passed over.
  Value extension(std::uint64_t length) {
    take(length + 1);
    return {};
  }

  Value sequence(Value::Kind kind, std::uint64_t count, int depth) {
    Value value;
    value.kind = kind;
    if (kind == Value::Kind::map) count *= 2;
    while (count--) value.items.push_back(read(depth + 1));
    return value;
  }

  std::string_view data_;
  std::size_t at_ = 0, values_ = 0;
};

class Writer {
 public:
  void map(std::size_t count) { header(0xdf, count); }
  void list(std::size_t count) { header(0xdd, count); }
  void text(std::string_view value) { header(0xdb, value.size()), out_.append(value); }
  void bytes(std::string_view value) { header(0xc6, value.size()), out_.append(value); }
  void boolean(bool value) { out_ += static_cast<char>(value ? 0xc3 : 0xc2); }
  void integer(std::int64_t value) { out_ += '\xd3', big_endian(static_cast<std::uint64_t>(value), 8); }
  void real(double value) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, 8);
    out_ += '\xcb', big_endian(bits, 8);
  }
  void array(const Array& value) {
    map(3);
    text("dtype"), text(value.dtype);
    text("shape"), list(value.shape.size());
    for (const std::int64_t extent : value.shape) integer(extent);
    text("data"), bytes(value.data);
  }
  void strings(std::initializer_list<const char*> values) {
    list(values.size());
    for (const char* value : values) text(value);
  }
  const std::string& message() const { return out_; }

 private:
  void header(unsigned type, std::size_t count) { out_ += static_cast<char>(type), big_endian(count, 4); }
  void big_endian(std::uint64_t value, int count) {
    while (count--) out_ += static_cast<char>(value >> (8 * count) & 0xff);
  }
  std::string out_;
};

// ---------------------------------------------------------------------------------------------------------------
// Requests
// ---------------------------------------------------------------------------------------------------------------

/// Text of a stranger, fit to be quoted in an answer.
std::string quoted(std::string_view text) {
  std::string safe = "'";
  for (const char c : text.substr(0, 60)) safe += c >= ' ' && c <= '~' ? c : '?';
  return safe + "'";
}

const Value& field(const Value& map, const char* name, Value::Kind kind) {
  const Value* found = map.find(name);
  if (!found) refuse(std::string("the request has no ") + name);
  if (found->kind != kind) refuse(std::string(name) + " is of the wrong type");
  return *found;
}

std::int64_t integer_or(const Value& map, const char* name, std::int64_t otherwise) {
  return map.find(name) ? field(map, name, Value::Kind::integer).integer : otherwise;
}

bool boolean_or(const Value& map, const char* name, bool otherwise) {
  return map.find(name) ? field(map, name, Value::Kind::boolean).boolean : otherwise;
}

double real_or(const Value& map, const char* name, double otherwise) {
  const Value* found = map.find(name);
  if (found && found->kind == Value::Kind::integer) return static_cast<double>(found->integer);
  return found ? field(map, name, Value::Kind::real).real : otherwise;
}

/// A list of extents of which none is negative and whose product is a number of elements a message can hold.
Shape shape_of(const Value& map, const char* name) {
  Shape shape;
  std::size_t size = 1;
  bool empty = false;
  for (const Value& extent : field(map, name, Value::Kind::list).items) {
    if (extent.kind != Value::Kind::integer || extent.integer < 0) refuse("an extent is no natural number");
    if (static_cast<std::uint64_t>(extent.integer) > kMostBytes) refuse("an extent is too large");
    shape.push_back(extent.integer);
    empty = empty || extent.integer == 0;
    if (extent.integer != 0 && size > kMostBytes / static_cast<std::size_t>(extent.integer))
      refuse("an array of shape " + to_string(shape) + " is too large");
    if (extent.integer != 0) size *= static_cast<std::size_t>(extent.integer);
  }
  if (shape.size() > 8) refuse("an array has more than 8 axes");
  return shape;
}

ArrayView array_in(const Value& map, std::string_view name) {
  const Value* found = map.find(name);
  if (!found || found->kind != Value::Kind::map) refuse("the request has no array " + quoted(name));
  ArrayView array;
  array.dtype = field(*found, "dtype", Value::Kind::text).raw;
  array.shape = shape_of(*found, "shape");
  array.data = field(*found, "data", Value::Kind::bytes).raw;
  const std::size_t bytes = array.dtype == "float32" ? 4 : array.dtype == "float64" ? 8 : 0;
  if (!bytes) refuse("arrays of dtype " + quoted(array.dtype) + " are not supported");
  std::size_t size = bytes;
  for (const std::int64_t extent : array.shape) size *= static_cast<std::size_t>(extent);
  if (size != array.data.size())
    refuse("an array of shape " + to_string(array.shape) + " and " + std::to_string(array.data.size()) +
           " bytes of data do not fit");
  return array;
}

Config config_of(const Value& request) {
  const Value& given = field(request, "config", Value::Kind::map);
  Config config;
  config.input_shape = shape_of(given, "input_shape");
  config.axis = field(given, "axis", Value::Kind::integer).integer;
  config.dtype = std::string(field(given, "dtype", Value::Kind::text).raw);
  config.epsilon = real_or(given, "epsilon", config.epsilon);
  config.momentum = real_or(given, "momentum", config.momentum);
  config.scale = boolean_or(given, "scale", true);
  config.center = boolean_or(given, "center", true);
  config.defaults = boolean_or(given, "defaults", false);
  if (boolean_or(given, "cumulative", false)) refuse("there is no cumulative average here");
  return config;
}

using Layers = std::map<std::int64_t, std::unique_ptr<Layer>>;

Layer& layer_of(const Layers& layers, std::int64_t number) {
  const auto found = layers.find(number);
  if (found == layers.end()) refuse("there is no layer " + std::to_string(number) + ": it was never built");
  return *found->second;
}

// CHANGE: what your batch norm is called, and what it does.
std::string identity() {
  Writer out;
  out.map(5);
  out.text("op"), out.text("identity");
  out.text("protocol"), out.integer(1);
  out.text("name"), out.text("batch norm in C++");
  out.text("version"), out.text("1.0");
  out.text("capabilities"), out.map(7);
  out.text("dtypes"), out.strings({"float32", "float64"});
  out.text("ranks"), out.list(4);
  for (const int rank : {2, 3, 4, 5}) out.integer(rank);
  out.text("axes"), out.text("any");
  out.text("gradients"), out.boolean(true);
  out.text("affine"), out.text("separate");
  out.text("defaults"), out.boolean(true);
  out.text("views"), out.boolean(false);
  return out.message();
}

std::string answered(const std::map<std::string, Array>& arrays, double seconds) {
  Writer out;
  out.map(3);
  out.text("op"), out.text("answer");
  out.text("seconds"), out.real(seconds);
  out.text("arrays"), out.map(arrays.size());
  for (const auto& [name, value] : arrays) out.text(name), out.array(value);
  return out.message();
}

std::string raised(const std::string& kind, const std::string& text) {
  Writer out;
  out.map(3);
  out.text("op"), out.text("raised");
  out.text("kind"), out.text(kind);
  out.text("text"), out.text(text);
  return out.message();
}

std::map<std::string, Array> performed(Layers& layers, std::string_view op, const Value& request) {
  const std::int64_t number = integer_or(request, "layer", 0);
  if (op == "build") {
    layers.erase(number);
    layers[number] = make_layer(config_of(request));
    return {};
  }
  Layer& layer = layer_of(layers, number);
  if (op == "load") {
    const Value& given = field(request, "parameters", Value::Kind::map);
    std::map<std::string, ArrayView> parameters;
    for (std::size_t k = 0; k + 1 < given.items.size(); k += 2) {
      if (given.items[k].kind != Value::Kind::text) refuse("the name of a parameter is no text");
      parameters.emplace(given.items[k].raw, array_in(given, given.items[k].raw));
    }
    layer.load(parameters);
    return {};
  }
  if (op == "parameters") return layer.parameters();
  if (op == "forward")
    return {{"y", layer.forward(array_in(request, "x"), field(request, "training", Value::Kind::boolean).boolean)}};
  return layer.backward(array_in(request, "dy"));
}

std::string answer(Layers& layers, std::string_view message) {
  try {
    const Value request = Reader(message).message();
    const std::string_view op = field(request, "op", Value::Kind::text).raw;
    if (op == "hello") return identity();
    bool known = false;
    for (const char* each : {"build", "load", "parameters", "forward", "backward"}) known = known || op == each;
    if (!known) refuse("unknown op " + quoted(op));
    const auto start = std::chrono::steady_clock::now();
    const auto arrays = performed(layers, op, request);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    return answered(arrays, seconds.count());
  } catch (const Failure& failure) {
    return raised(failure.kind, failure.what());
  } catch (const std::bad_alloc&) {
    return raised("MemoryError", "there is not enough memory");
  } catch (const std::exception& error) {
    return raised("Exception", error.what());
  }
}

// ---------------------------------------------------------------------------------------------------------------
// The stream: a length, four bytes, little endian, then so many bytes of MessagePack
// ---------------------------------------------------------------------------------------------------------------

/// So many bytes of standard input, or fewer at its end. Memory is taken for what comes, not what is announced.
std::string received(std::size_t count) {
  std::string data;
  while (data.size() < count) {
    const std::size_t before = data.size(), step = std::min<std::size_t>(count - before, 1 << 20);
    data.resize(before + step);
    const std::size_t came = std::fread(&data[before], 1, step, stdin);
    data.resize(before + came);
    if (came < step) break;
  }
  return data;
}

bool sent(std::FILE* replies, const std::string& message) {
  std::string header;
  for (int k = 0; k < 4; ++k) header += static_cast<char>(message.size() >> (8 * k) & 0xff);
  return std::fwrite(header.data(), 1, 4, replies) == 4 &&
         std::fwrite(message.data(), 1, message.size(), replies) == message.size() && std::fflush(replies) == 0;
}

}  // namespace

int main() {
  const std::uint16_t one = 1;
  char lowest;
  std::memcpy(&lowest, &one, 1);
  if (!lowest) {
    std::fputs("arrays travel little endian: on this machine their bytes would have to be swapped\n", stderr);
    return 1;
  }
  // Replies go to a descriptor of their own; whatever a library prints to standard output goes to standard error.
  std::FILE* replies = fdopen(dup(1), "wb");
  dup2(2, 1);
  if (!replies) return 1;
  Layers layers;
  for (;;) {
    const std::string header = received(4);
    if (header.empty()) return 0;  // The suite is done.
    std::size_t length = 0;
    for (std::size_t k = 0; k < header.size(); ++k)
      length |= static_cast<std::size_t>(static_cast<unsigned char>(header[k])) << (8 * k);
    if (header.size() < 4 || length > kMostBytes) {
      std::fputs("standard input holds something that is no message\n", stderr);
      return 1;
    }
    const std::string message = received(length);
    if (message.size() < length) {
      std::fputs("standard input ended inside a message\n", stderr);
      return 1;
    }
    std::string reply = answer(layers, message);
    if (reply.size() > kMostBytes) reply = raised("ValueError", "the answer is too long for a message");
    if (!sent(replies, reply)) return 1;
  }
}
