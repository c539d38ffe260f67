/* SPDX-License-Identifier: BSD-3-Clause */
/* primes.c: what the script primes compiles. is_prime can be called from anywhere, for one from
 * Python through ctypes; sum_of_primes from engines with `--kernel native`. */
#include <ipkit/native.h>

int is_prime(int n) {
  if (n < 2 || n % 2 == 0) return n == 2;
  for (int d = 3; (long)d * d <= n; d += 2)
    if (n % d == 0) return 0;
  return 1;
}

IPKIT_FUNCTION(sum_of_primes) {
  uint64_t count;
  const int64_t *numbers = ipkit_integers(call, 0, &count);
  if (!numbers) return 1;
  int64_t sum = 0;
  for (uint64_t i = 0; i < count; i++)
    if (is_prime((int)numbers[i])) sum += numbers[i];
  ipkit_result_integer(call, sum);
  return 0;
}
