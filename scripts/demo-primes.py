# Run by the demo on every engine: the function that ipmap calls there.


def primes(first, count=10000):
    """Sum of the primes in [first, first + count), by trial division."""
    total = 2 if first <= 2 < first + count else 0
    for n in range(max(3, first | 1), first + count, 2):
        d = 3
        while d * d <= n and n % d:
            d += 2
        if d * d > n:
            total += n
    return total
