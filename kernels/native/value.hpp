// SPDX-License-Identifier: BSD-3-Clause
// value.hpp: values of the native kernel: from the wire's types and back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "include/ipkit/native.h"
#include "kernels/common/server.hpp"

namespace ipkit::kernel::native {

/// A value, shared by the names that are bound to it. Never changes.
struct Value {
  ipkit_type type = IPKIT_JSON;
  std::shared_ptr<const std::string> data = std::make_shared<const std::string>("null");
};

Value make_value(ipkit_type type, std::string data);

/// Name of its type: json, text, bytes, npy, lines, nul.
const char* type_name(const Value& value);

/// What a JSON text says: a string becomes text. Refuses what is not JSON.
Value decode_json(std::string text);

/// A value from the wire (not `ref`).
Value decode(const std::string& type, std::string data);

/// A value as push and pull know it; `whole` is its encoding in form text or json.
Pulled encode(const Value& value, const std::string& form);

/// Its elements, each ended by sep.
Pulled encode_elements(const Value& value, const std::string& form, char sep);

/// Length in elements or bytes, null for a scalar.
Json size_of(const Value& value);

/// The head of a NumPy file.
struct Npy {
  char kind = 0;  ///< as in ipkit_array; 0: a type this kernel does not look into
  uint32_t item = 0;
  std::vector<uint64_t> shape;
  uint64_t count = 0;
  size_t offset = 0;  ///< where the numbers begin
};

/// Reads the head; nothing if it is none, or the data is too short for it.
std::optional<Npy> read_npy(const std::string& data);

/// The head for an array of this kernel's machine.
std::string npy_head(char kind, uint32_t item, const std::vector<uint64_t>& shape);

/// Appends the array as JSON, from dimension `depth` on; false if it has numbers that JSON lacks.
bool append_json(std::string& out, const std::string& data, const Npy& npy, size_t depth,
                 uint64_t at);

/// A number of the array.
double real_at(const char* at, char kind, uint32_t item);
bool integer_at(const char* at, char kind, uint32_t item, int64_t& number);

}  // namespace ipkit::kernel::native
