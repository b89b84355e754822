/* xoshiro256** (Blackman, Vigna 2018), seeded through splitmix64; and getrandom(2), buffered a
 * thread so that tags and branches do not cost a system call each. */
#include "base/rng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void rng_seed(struct rng *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&seed);
}

uint64_t rng_next(struct rng *r)
{
    uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

/* Lemire's multiply-and-reject: without bias, almost never a second draw. */
uint64_t rng_below(struct rng *r, uint64_t n)
{
    __uint128_t m = (__uint128_t)rng_next(r) * n;

    if ((uint64_t)m < n) {
        uint64_t floor = -n % n;

        while ((uint64_t)m < floor)
            m = (__uint128_t)rng_next(r) * n;
    }
    return (uint64_t)(m >> 64);
}

double rng_unit(struct rng *r)
{
    return (double)(rng_next(r) >> 11) * 0x1.0p-53;
}

enum { POOL = 4096 };

static _Thread_local struct {
    unsigned char data[POOL];
    size_t left;
} pool;

static void fill(void *buf, size_t size)
{
    unsigned char *p = buf;

    while (size > 0) {
        ssize_t n = getrandom(p, size, 0);

        if (n < 0) {
            if (errno == EINTR)
                continue;
            abort(); /* the kernel has no randomness to give: nothing safe can be done */
        }
        p += n;
        size -= (size_t)n;
    }
}

void random_bytes(void *buf, size_t size)
{
    if (size > POOL / 4) {
        fill(buf, size);
        return;
    }
    if (pool.left < size) {
        fill(pool.data, POOL);
        pool.left = POOL;
    }
    pool.left -= size;
    memcpy(buf, pool.data + pool.left, size);
    memset(pool.data + pool.left, 0, size); /* what was given out is not kept */
}

uint32_t random_u32(void)
{
    uint32_t x;

    random_bytes(&x, sizeof(x));
    return x;
}

uint64_t random_u64(void)
{
    uint64_t x;

    random_bytes(&x, sizeof(x));
    return x;
}

void random_token(char *buf, size_t size)
{
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";

    if (size == 0)
        return;
    for (size_t i = 0; i + 1 < size; i++) {
        unsigned char c;

        do
            random_bytes(&c, 1);
        while (c >= 252); /* 252 = 7 * 36: without bias */
        buf[i] = alphabet[c % 36];
    }
    buf[size - 1] = '\0';
}
