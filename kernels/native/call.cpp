// SPDX-License-Identifier: BSD-3-Clause
// call.cpp: one call of a function in a shared object: what ipkit/native.h promises it.
#include <charconv>
#include <cmath>
#include <deque>
#include <exception>
#include <new>
#include <stdexcept>

#include "kernels/common/text.hpp"
#include "kernels/native/library.hpp"

namespace ipkit::kernel::native {

std::atomic<int> interrupted = 0;

namespace {

/// What the function sees is the base.
struct Call : ipkit_call {
  explicit Call(const std::vector<Value>& arguments) : ipkit_call{}, values(arguments) {}

  const std::vector<Value>& values;
  std::deque<std::vector<double>> doubles;  // memory of converted arguments, and so on
  std::deque<std::vector<int64_t>> integers;
  std::deque<Npy> arrays;
  uint32_t type = IPKIT_JSON;  // as the function gave it
  std::string result = "null";
  std::string ename;
  std::string evalue;
};

Call& own(ipkit_call* call) {
  return *static_cast<Call*>(call);
}

void refuse(Call& call, uint32_t index, const std::string& text) {
  call.ename = "TypeError";
  call.evalue = "argument " + std::to_string(index + 1) + " " + text;
}

/// The argument, null (and an error) if there is none.
const Value* argument(Call& call, uint32_t index) {
  if (index < call.values.size()) return &call.values[index];
  refuse(call, index, "is missing");
  return nullptr;
}

// Two ways to read a number: as a double, and exactly as an integer.

bool from_array(const char* at, const Npy& npy, double& number) {
  number = real_at(at, npy.kind, npy.item);
  return true;
}
bool from_array(const char* at, const Npy& npy, int64_t& number) {
  return integer_at(at, npy.kind, npy.item, number);
}

bool from_json(const Json& json, double& number) {
  if (!json.is_number()) return false;
  number = json.get<double>();
  return true;
}
bool from_json(const Json& json, int64_t& number) {
  if (json.is_number_float()) {
    const double real = json.get<double>();
    return integer_at(reinterpret_cast<const char*>(&real), 'f', 8, number);
  }
  if (!json.is_number_integer()) return false;
  number = json.get<int64_t>();
  return !json.is_number_unsigned() || number >= 0;
}

template <typename T>
bool from_line(std::string_view line, T& number) {
  const size_t first = std::min(line.find_first_not_of(" \t\r"), line.size());
  line = line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  return error == std::errc() && end == line.data() + line.size();
}

/// All numbers of the argument; false with the place of the first that is none.
template <typename T>
bool convert(const Value& value, std::vector<T>& numbers, size_t& place) {
  if (value.type == IPKIT_NPY) {
    const auto npy = read_npy(*value.data);
    if (!npy || npy->kind == 0) return false;
    const char* at = value.data->data() + npy->offset;
    numbers.reserve(npy->count);
    for (uint64_t i = 0; i < npy->count; ++i, ++place)
      if (!from_array(at + i * npy->item, *npy, numbers.emplace_back())) return false;
    return true;
  }
  if (value.type == IPKIT_JSON) {
    const Json json = Json::parse(*value.data);
    if (!json.is_array()) return from_json(json, numbers.emplace_back());
    for (const Json& one : json) {
      ++place;
      if (!from_json(one, numbers.emplace_back())) return false;
    }
    return true;
  }
  if (value.type != IPKIT_LINES && value.type != IPKIT_NUL) return false;
  for (std::string_view line : split(*value.data, value.type == IPKIT_NUL ? '\0' : '\n')) {
    ++place;
    if (!from_line(line, numbers.emplace_back())) return false;
  }
  return true;
}

/// The array's own numbers, if they are of the type and lie where such a type may.
template <typename T>
const T* direct(const Value& value, char kind, uint64_t* count) {
  if (value.type != IPKIT_NPY) return nullptr;
  const auto npy = read_npy(*value.data);
  if (!npy || npy->kind != kind || npy->item != sizeof(T)) return nullptr;
  const char* at = value.data->data() + npy->offset;
  if (reinterpret_cast<uintptr_t>(at) % alignof(T) != 0) return nullptr;
  *count = npy->count;
  return reinterpret_cast<const T*>(at);
}

template <typename T>
const T* numbers_of(Call& call, uint32_t index, uint64_t* count, char kind,
                    std::deque<std::vector<T>>& memory) {
  const Value* value = argument(call, index);
  if (value == nullptr) return nullptr;
  if (const T* found = direct<T>(*value, kind, count)) return found;
  auto& numbers = memory.emplace_back();
  size_t place = 0;
  if (!convert(*value, numbers, place)) {
    const std::string what = kind == 'i' ? "integers" : "numbers";
    refuse(call, index,
           std::string("is ") + type_name(*value) + ", not " + what +
               (place > 0 ? " (element " + std::to_string(place) + ")" : ""));
    return nullptr;
  }
  *count = numbers.size();
  numbers.reserve(1);  // no elements are not a null pointer
  return numbers.data();
}

const double* host_doubles(ipkit_call* call, uint32_t index, uint64_t* count) {
  return numbers_of(own(call), index, count, 'f', own(call).doubles);
}

const int64_t* host_integers(ipkit_call* call, uint32_t index, uint64_t* count) {
  return numbers_of(own(call), index, count, 'i', own(call).integers);
}

int host_array(ipkit_call* call, uint32_t index, ipkit_array* array) {
  const Value* value = argument(own(call), index);
  if (value == nullptr) return 0;
  const auto npy = value->type == IPKIT_NPY ? read_npy(*value->data) : std::nullopt;
  if (!npy || npy->kind == 0) {
    refuse(own(call), index, std::string("is ") + type_name(*value) + ", not an array of numbers");
    return 0;
  }
  const Npy& kept = own(call).arrays.emplace_back(*npy);
  *array = {value->data->data() + kept.offset,        kept.count, kept.shape.data(),
            static_cast<uint32_t>(kept.shape.size()), kept.item,  kept.kind};
  return 1;
}

const char* host_text(ipkit_call* call, uint32_t index) {
  const Value* value = argument(own(call), index);
  if (value == nullptr || value->type == IPKIT_TEXT) return value ? value->data->c_str() : nullptr;
  refuse(own(call), index, std::string("is ") + type_name(*value) + ", not text");
  return nullptr;
}

void host_result(ipkit_call* call, uint32_t type, const void* data, uint64_t size) {
  own(call).type = type;
  own(call).result.assign(static_cast<const char*>(data), size);
}

void host_number(ipkit_call* call, double number) {
  const std::string text = Json(number).dump();  // "null" for what JSON lacks
  const bool finite = std::isfinite(number);
  const char* other = std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf";
  own(call).type = finite ? IPKIT_JSON : IPKIT_TEXT;
  own(call).result = finite ? text : other;
}

void host_integer(ipkit_call* call, int64_t number) {
  own(call).type = IPKIT_JSON;
  own(call).result = std::to_string(number);
}

void host_fail(ipkit_call* call, const char* text) {
  own(call).ename = "NativeError";
  own(call).evalue = text;
}

void* host_new_array(ipkit_call* call, char kind, uint32_t item, uint32_t ndim,
                     const uint64_t* shape) {
  if (read_npy(npy_head(kind, item, {0}))->kind == 0) {
    host_fail(call, "no array of such a type");
    return nullptr;
  }
  const std::vector<uint64_t> sizes(shape, shape + ndim);
  std::string data = npy_head(kind, item, sizes);
  const size_t offset = data.size();
  uint64_t size = item;
  bool fits = ndim <= 32;
  for (uint64_t one : sizes) fits = fits && !__builtin_mul_overflow(size, one, &size);
  try {
    if (fits) data.resize(offset + size);
  } catch (const std::exception&) {  // bad_alloc, length_error
    fits = false;
  }
  if (!fits) {
    host_fail(call, "no memory for an array");
    return nullptr;
  }
  own(call).type = IPKIT_NPY;
  own(call).result = std::move(data);
  return own(call).result.data() + offset;
}

constexpr ipkit_host host = {host_doubles, host_integers, host_array,     host_text, host_result,
                             host_number,  host_integer,  host_new_array, host_fail};

/// The number it returned; a C++ exception is an error like any other.
int run(Function function, Call& call) {
  try {
    return function(&call);
  } catch (const std::exception& error) {
    host_fail(&call, error.what());
  } catch (...) {
    host_fail(&call, "an exception");
  }
  return 1;
}

/// The result as a value; what is not as it says is the function's error.
Value result_of(Call& call) {
  if (call.type == IPKIT_TEXT) return make_value(IPKIT_TEXT, std::move(call.result));
  static const char* const names[] = {"json", "text", "bytes", "npy", "lines", "nul"};
  try {
    if (call.type >= std::size(names))
      throw Refused{"", "unknown type " + std::to_string(call.type), {}};
    return decode(names[call.type], std::move(call.result));
  } catch (const Refused& refused) {
    throw Refused{"NativeError", std::string(call.name) + ": its result: " + refused.evalue, {}};
  }
}

}  // namespace

Value call_function(Function function, const std::string& name,
                    const std::vector<Value>& arguments) {
  if (interrupted != 0) throw Refused{"KeyboardInterrupt", "interrupted", {}};
  Call call(arguments);
  std::vector<ipkit_value> views;
  views.reserve(arguments.size());
  for (const Value& value : arguments)
    views.push_back({value.data->c_str(), value.data->size(), static_cast<uint32_t>(value.type)});
  call.host = &host;
  call.name = name.c_str();
  call.args = views.data();
  call.count = static_cast<uint32_t>(views.size());
  call.interrupt = reinterpret_cast<const volatile int*>(&interrupted);
  const int status = run(function, call);
  if (interrupted != 0) throw Refused{"KeyboardInterrupt", "interrupted", {}};
  if (status == 0) return result_of(call);
  if (call.ename.empty()) host_fail(&call, ("it returned " + std::to_string(status)).c_str());
  Refused error{call.ename, name + ": " + call.evalue, Json::object()};
  if (status > 0 && status < 256) error.more["exit_status"] = status;
  throw error;
}

}  // namespace ipkit::kernel::native
