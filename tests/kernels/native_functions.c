// SPDX-License-Identifier: BSD-3-Clause
// native_functions.c: what the tests of the native kernel call.
#include <ipkit/native.h>
#include <stdlib.h>
#include <unistd.h>

IPKIT_FUNCTION(scale) {
  uint64_t n;
  double factor;
  const double *x = ipkit_doubles(call, 0, &n);
  if (!x || !ipkit_number(call, 1, &factor)) return 1;
  double *y = ipkit_result_doubles(call, n);
  if (!y) return 1;
  for (uint64_t i = 0; i < n; i++) y[i] = factor * x[i];
  return 0;
}

IPKIT_FUNCTION(total) {
  uint64_t n;
  int64_t sum = 0;
  const int64_t *x = ipkit_integers(call, 0, &n);
  if (!x) return 1;
  for (uint64_t i = 0; i < n; i++) sum += x[i];
  ipkit_result_integer(call, sum);
  return 0;
}

/* number(x): what it is as a double. */
IPKIT_FUNCTION(number) {
  double x;
  if (!ipkit_number(call, 0, &x)) return 1;
  ipkit_result_number(call, x);
  return 0;
}

/* describe(values...): type and size of each, as text. */
IPKIT_FUNCTION(describe) {
  char text[1000] = "";
  size_t used = 0;
  for (uint32_t i = 0; i < call->count; i++)
    used += (size_t)snprintf(text + used, sizeof text - used, "%u:%llu ", call->args[i].type,
                             (unsigned long long)call->args[i].size);
  ipkit_result_text(call, text);
  return 0;
}

IPKIT_FUNCTION(same) {
  ipkit_result(call, (enum ipkit_type)call->args[0].type, call->args[0].data, call->args[0].size);
  return 0;
}

/* shape(a): kind, item and dimensions. */
IPKIT_FUNCTION(shape) {
  struct ipkit_array a;
  char text[200];
  if (!ipkit_get_array(call, 0, &a)) return 1;
  if (a.ndim > 8) return ipkit_fail(call, "too many dimensions");
  int used = snprintf(text, sizeof text, "%c%u", a.kind, a.item);
  for (uint32_t i = 0; i < a.ndim; i++)
    used += snprintf(text + used, sizeof text - (size_t)used, " %llu",
                     (unsigned long long)a.shape[i]);
  ipkit_result_text(call, text);
  return 0;
}

/* longest(lines): the longest of them. */
IPKIT_FUNCTION(longest) {
  const char *line, *best = "";
  uint64_t at = 0, size, most = 0;
  while (ipkit_next(&call->args[0], &at, &line, &size))
    if (size > most) best = line, most = size;
  ipkit_result(call, IPKIT_TEXT, best, most);
  return 0;
}

/* grid(kind, item): 2 by 3 of it, numbered. */
IPKIT_FUNCTION(grid) {
  uint64_t n;
  const uint64_t shape[] = {2, 3};
  const char *kind = ipkit_text(call, 0);
  const int64_t *item = ipkit_integers(call, 1, &n);
  if (!kind || !item) return 1;
  char *data = (char *)ipkit_result_array(call, kind[0], (uint32_t)*item, 2, shape);
  if (!data) return 1;
  for (char i = 0; i < 6; i++) data[i * *item] = i;
  return 0;
}

IPKIT_FUNCTION(fail_with) {
  uint64_t n;
  const int64_t *status = ipkit_integers(call, 0, &n);
  if (!status) return 1;
  if (call->count > 1) ipkit_fail(call, "no good: %s", ipkit_text(call, 1));
  return (int)*status;
}

IPKIT_FUNCTION(bad_result) {
  double number;
  if (!ipkit_number(call, 0, &number)) return 1;
  ipkit_result(call, (enum ipkit_type)number, "{", 1);
  return 0;
}

IPKIT_FUNCTION(huge) {
  return ipkit_result_doubles(call, UINT64_MAX / 4) ? 0 : 1;
}

IPKIT_FUNCTION(say) {
  fputs(ipkit_text(call, 0), stdout);
  fputs(ipkit_text(call, 1), stderr);
  return 0;
}

IPKIT_FUNCTION(read_line) {
  char line[100];
  ipkit_result_text(call, fgets(line, sizeof line, stdin) ? line : "(none)");
  return 0;
}

/* wait(how): until interrupted; asks for it, is woken from pause(), or comes to pause() late. */
IPKIT_FUNCTION(wait) {
  const char *how = ipkit_text(call, 0);
  puts("waiting");
  while (how[0] != 's' && !ipkit_interrupted(call)) usleep(1000);
  if (how[0] != 'a') pause();
  return 0;
}

IPKIT_FUNCTION(forever) {
  puts("waiting");
  for (;;) pause();
}

IPKIT_FUNCTION(crash) {
  fputs("about to\n", stderr);
  *(volatile int *)(call->count - 1ul) = 1;
  return 0;
}

IPKIT_FUNCTION(leave) { exit(7); }

int hidden(void) { return 1; } // exported, but not a function of the kernel's
