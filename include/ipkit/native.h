/* SPDX-License-Identifier: BSD-3-Clause */
/* Functions for the kernel `native`, in C or C++. docs/kernels.md shows one.
 *
 *   IPKIT_FUNCTION(scale) {
 *     ... arguments from `call`, a result into it ...
 *     return 0;                     0: it worked; any other number is an error
 *   }
 *
 * There is nothing to link with: the kernel is reached through `call`. Whatever a function gets
 * from it (arguments, converted arrays, memory for its result) lives until it returns. */
#ifndef IPKIT_NATIVE_H
#define IPKIT_NATIVE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/** What a value is. Numbers, lists and objects are JSON; a JSON string is text without quotes. */
enum ipkit_type {
  IPKIT_JSON,  /**< one JSON text */
  IPKIT_TEXT,  /**< UTF-8 */
  IPKIT_BYTES, /**< anything */
  IPKIT_NPY,   /**< an array in NumPy's file format */
  IPKIT_LINES, /**< strings, each ended by a newline */
  IPKIT_NUL    /**< strings, each ended by NUL */
};

/** An argument. There is a NUL byte after the data, which `size` does not count. */
struct ipkit_value {
  const void* data;
  uint64_t size;
  uint32_t type;
};

/** An array of numbers in C order: of `kind` 'f' float, 'i' signed, 'u' unsigned, 'b' bool, with
 * `item` bytes each; `count` of them in all. */
struct ipkit_array {
  const void* data;
  uint64_t count;
  const uint64_t* shape;
  uint32_t ndim;
  uint32_t item;
  char kind;
};

struct ipkit_call;

/** The kernel's side; the functions below call it. Later versions add members at the end. */
struct ipkit_host {
  const double* (*doubles)(struct ipkit_call*, uint32_t index, uint64_t* count);
  const int64_t* (*integers)(struct ipkit_call*, uint32_t index, uint64_t* count);
  int (*array)(struct ipkit_call*, uint32_t index, struct ipkit_array*);
  const char* (*text)(struct ipkit_call*, uint32_t index);
  void (*result)(struct ipkit_call*, uint32_t type, const void* data, uint64_t size);
  void (*number)(struct ipkit_call*, double);
  void (*integer)(struct ipkit_call*, int64_t);
  void* (*new_array)(struct ipkit_call*, char kind, uint32_t item, uint32_t ndim,
                     const uint64_t* shape);
  void (*fail)(struct ipkit_call*, const char* text);
};

/** One call of a function. */
struct ipkit_call {
  const struct ipkit_host* host;
  const char* name;
  const struct ipkit_value* args;
  uint32_t count;                /**< of the arguments */
  const volatile int* interrupt; /**< see ipkit_interrupted() */
};

#ifdef __cplusplus
#define IPKIT_LINKAGE extern "C"
#else
#define IPKIT_LINKAGE extern
#endif

/** Begins the definition of a function that the kernel can call by NAME. The symbol has the version
 * of this interface in it, and nothing else that a library exports can be called. */
#define IPKIT_FUNCTION(NAME)                                                 \
  IPKIT_LINKAGE IPKIT_EXPORT int IPKIT_SYMBOL(NAME)(struct ipkit_call*);     \
  IPKIT_LINKAGE IPKIT_EXPORT int IPKIT_SYMBOL(NAME)(struct ipkit_call * call \
                                                    __attribute__((unused)))
#define IPKIT_SYMBOL(NAME) ipkit_native_1_##NAME
#define IPKIT_EXPORT __attribute__((visibility("default")))

/* Arguments, index from 0. Where one is missing or something else, these note the error (TypeError)
 * and give a null pointer or 0: then return 1. */

/** Argument as doubles: an array of any real type, a JSON number or list of numbers, or lines that
 * are numbers. An array of doubles is not copied. */
static inline const double* ipkit_doubles(struct ipkit_call* call, uint32_t index,
                                          uint64_t* count) {
  return call->host->doubles(call, index, count);
}

/** The same as 64-bit integers; what does not fit exactly is an error. */
static inline const int64_t* ipkit_integers(struct ipkit_call* call, uint32_t index,
                                            uint64_t* count) {
  return call->host->integers(call, index, count);
}

/** Argument as one number: 1 if it is, else 0. */
static inline int ipkit_number(struct ipkit_call* call, uint32_t index, double* number) {
  uint64_t count = 0;
  const double* numbers = call->host->doubles(call, index, &count);
  if (numbers && count != 1) call->host->fail(call, "one number is needed, not a list");
  if (!numbers || count != 1) return 0;
  *number = numbers[0];
  return 1;
}

/** An npy argument as it is, without conversion: 1 if it is one, else 0. */
static inline int ipkit_get_array(struct ipkit_call* call, uint32_t index,
                                  struct ipkit_array* array) {
  return call->host->array(call, index, array);
}

/** Argument as text, ended by NUL. */
static inline const char* ipkit_text(struct ipkit_call* call, uint32_t index) {
  return call->host->text(call, index);
}

/** The elements of an argument of type lines or nul, one after the other: 1 while there is one.
 * `*at` is 0 at the start. An element is not ended by NUL, except in nul. */
static inline int ipkit_next(const struct ipkit_value* list, uint64_t* at, const char** element,
                             uint64_t* size) {
  const char* end;
  if (*at >= list->size) return 0;
  *element = (const char*)list->data + *at;
  end = (const char*)memchr(*element, list->type == IPKIT_NUL ? 0 : '\n', list->size - *at);
  *size = end ? (uint64_t)(end - *element) : list->size - *at;
  *at += *size + 1;
  return 1;
}

/* The result; the last one set counts, none at all is null. */

static inline void ipkit_result(struct ipkit_call* call, enum ipkit_type type, const void* data,
                                uint64_t size) {
  call->host->result(call, (uint32_t)type, data, size);
}

static inline void ipkit_result_text(struct ipkit_call* call, const char* text) {
  call->host->result(call, IPKIT_TEXT, text, strlen(text));
}

static inline void ipkit_result_number(struct ipkit_call* call, double number) {
  call->host->number(call, number);
}

static inline void ipkit_result_integer(struct ipkit_call* call, int64_t number) {
  call->host->integer(call, number);
}

/** Makes the result an array, zeros until the function fills it in; null if there is no memory or
 * no such type. Kind and item as in ipkit_array. */
static inline void* ipkit_result_array(struct ipkit_call* call, char kind, uint32_t item,
                                       uint32_t ndim, const uint64_t* shape) {
  return call->host->new_array(call, kind, item, ndim, shape);
}

/** The same: doubles, one dimension. */
static inline double* ipkit_result_doubles(struct ipkit_call* call, uint64_t count) {
  return (double*)call->host->new_array(call, 'f', 8, 1, &count);
}

/** Notes an error's text (NativeError); gives 1, so that `return ipkit_fail(call, "...")` ends the
 * function. */
__attribute__((format(printf, 2, 3))) static inline int ipkit_fail(struct ipkit_call* call,
                                                                   const char* format, ...) {
  char text[1024];
  va_list more;
  va_start(more, format);
  vsnprintf(text, sizeof text, format, more);
  va_end(more);
  call->host->fail(call, text);
  return 1;
}

/** True once somebody wants the function to end (Ctrl-C, a timeout). It ends only if it asks: in a
 * long loop, now and then. What it returns then is of no account. */
static inline int ipkit_interrupted(const struct ipkit_call* call) {
  return *call->interrupt;
}

#endif
