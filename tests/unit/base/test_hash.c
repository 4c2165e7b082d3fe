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

/* From Kafka's own UtilsTest. */
static void murmur2_gives_what_java_clients_compute(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int32_t hash;
    } cases[] = {{"21", -973932308},       {"foobar", -790332482},      {"a-little-bit-long-string", -985981536},
                 {"a-little-bit-longer-string", -1486304829}, {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
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
        cmocka_unit_test(murmur2_gives_what_java_clients_compute),
        cmocka_unit_test(keys_spread_over_all_partitions),
    };
    return fixture_run(argc, argv, tests);
}
