#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "support/fixture.h"

/* The first test vectors of the paper: key 00..0f, input 00, 00 01, ... */
static void siphash_gives_the_published_vectors(void **state)
{
    (void)state;
    uint8_t input[15];
    for (uint8_t i = 0; i < 15; i++)
        input[i] = i;
    assert_true(hash_sip(input, 15) == UINT64_C(0xa129ca6149be45e5));
    assert_true(hash_sip(input, 0) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(hash_sip(input, 1) == UINT64_C(0x74f839c593dc67fd));
}

static void crc32c_gives_the_check_value(void **state)
{
    (void)state;
    assert_int_equal(hash_crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(hash_crc32c("", 0), 0);
    assert_int_equal(hash_crc32c_next(hash_crc32c("1234", 4), "56789", 5), 0xe3069283);
}

/* Bit by bit, as the polynomial is written. */
static uint32_t crc32c_by_definition(const uint8_t *p, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

static void crc32c_is_the_same_from_any_place_on_for_any_length(void **state)
{
    (void)state;
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i * 31 + i);
    for (size_t from = 0; from < 9; from++)
        for (size_t size = 0; size + from <= sizeof bytes; size++) {
            assert_int_equal(hash_crc32c(bytes + from, size), crc32c_by_definition(bytes + from, size));
            const size_t half = size / 3;
            assert_int_equal(hash_crc32c_next(hash_crc32c(bytes + from, half), bytes + from + half, size - half),
                             hash_crc32c(bytes + from, size));
        }
}

/* From Kafka's own UtilsTest. */
static void murmur2_gives_what_java_clients_compute(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int32_t hash;
    } cases[] = {{"21", -973932308},
                 {"foobar", -790332482},
                 {"a-little-bit-long-string", -985981536},
                 {"a-little-bit-longer-string", -1486304829},
                 {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
                 {"abc", 479470107}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal((int32_t)hash_murmur2(cases[i].key, strlen(cases[i].key)), cases[i].hash);
}

static void keys_spread_over_all_partitions(void **state)
{
    (void)state;
    int counts[12] = {0};
    for (int i = 1; i <= 45; i++) {
        char key[8];
        int n = snprintf(key, sizeof key, "%d", i);
        int32_t p = hash_partition(key, (size_t)n, 12);
        assert_in_range(p, 0, 11);
        counts[p]++;
    }
    for (int p = 0; p < 12; p++)
        assert_in_range(counts[p], 1, 8);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_gives_the_published_vectors),
        cmocka_unit_test(crc32c_gives_the_check_value),
        cmocka_unit_test(crc32c_is_the_same_from_any_place_on_for_any_length),
        cmocka_unit_test(murmur2_gives_what_java_clients_compute),
        cmocka_unit_test(keys_spread_over_all_partitions),
    };
    return fixture_run(argc, argv, tests);
}
