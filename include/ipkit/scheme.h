/* SPDX-License-Identifier: BSD-3-Clause */
/* A scheduling scheme in a shared object, for ipcontroller --scheme=/path/FILE.so. Plain C, so that
 * it can be written in whatever makes shared objects; docs/schemes.md shows one. */
#ifndef IPKIT_SCHEME_H
#define IPKIT_SCHEME_H

#include <stddef.h>

/** Version of this interface. A file made for another one is refused. */
#define IPKIT_SCHEME_ABI 1u

#ifdef __cplusplus
extern "C" {
#endif

/** What the file defines under the name `ipkit_scheme`. Calls never overlap. */
struct ipkit_scheme {
  unsigned abi; /**< IPKIT_SCHEME_ABI; stays the first member in every version */
  /** Which engine gets the task: an index below `count`, which is at least 1. `loads` are the tasks
   * each candidate has now, the least recently used engine first. It must not block. */
  size_t (*choose)(void* state, const unsigned* loads, size_t count);
  void* (*start)(void);      /**< makes `state`; may be null, then it is a null pointer */
  void (*stop)(void* state); /**< releases it; may be null */
};

extern __attribute__((visibility("default"))) const struct ipkit_scheme ipkit_scheme;

#ifdef __cplusplus
}
#endif

#endif
