/* Bytes of the state file that something else has changed: the store is refused with a sentence, or everything is in it, before
 * and after it has been written to. The records have sums, as those of the engine have. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "io/kv.h"
#include "support/fixture.h"

#define KEYS       500
#define PAGE       4096
#define FILE_MAX   (16 << 20)
#define DAMAGES    1200
#define VALUE_MAX  9000
#define BATCHES    12 /* before the damage */
#define BATCHES_ON 4  /* after it */

static char directory[64], path[96];
static uint8_t good[FILE_MAX];
static long good_size;
static uint64_t seed;

static uint64_t chance(uint64_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % below;
}

/* ---- what belongs in the store, as a function of the number of batches */

/* Of a key that is not there after so many batches: 0. */
static size_t value_size(int key, int batches)
{
    const int last = batches - 1 - (batches - 1 + key) % 3; /* each batch has a third of the keys */
    if (last < 0 || (key % 7 == 0 && last % 2))
        return 0;
    const size_t sizes[] = {40, 90, 300, 1200, 2300, VALUE_MAX};
    return sizes[(size_t)(key + last) % (key % 50 == 0 ? 6 : 4)];
}

static struct bytes key_of(int key, char out[64])
{
    snprintf(out, 64, "%08d%.*s", key, key % 40, "a long name, as some series have them, of a product");
    return (struct bytes){(const uint8_t *)out, strlen(out)};
}

static void fill(uint8_t *value, size_t size, int key, int batches)
{
    const int last = batches - 1 - (batches - 1 + key) % 3;
    memset(value, key + last, size);
    memcpy(value, &key, sizeof key);
    memcpy(value + 8, &last, sizeof last);
    uint32_t sum = hash_crc32c(value, size - 4);
    memcpy(value + size - 4, &sum, sizeof sum);
}

static enum status write_batch(struct kv *kv, int batches, struct error *err)
{
    static struct kv_op ops[KEYS];
    static char keys[KEYS][64];
    static uint8_t values[KEYS][VALUE_MAX];
    size_t count = 0;
    for (int key = 0; key < KEYS; key++) {
        if ((batches - 1 + key) % 3 != 0)
            continue;
        const size_t size = value_size(key, batches);
        fill(values[count], size ? size : 40, key, batches);
        ops[count] = (struct kv_op){key_of(key, keys[count]), {values[count], size}, size == 0};
        count++;
    }
    return kv_write(kv, ops, count, err);
}

struct expected {
    int key, batches;
};

static enum status expect_next(void *arg, struct bytes key, struct bytes value, struct error *err)
{
    static uint8_t right[VALUE_MAX];
    struct expected *x = arg;
    char name[64];
    uint32_t sum;
    int of;
    while (x->key < KEYS && value_size(x->key, x->batches) == 0)
        x->key++;
    if (value.size < 40)
        return error_set(err, STATUS_CORRUPT, "a record is too short");
    memcpy(&sum, value.data + value.size - 4, sizeof sum);
    if (sum != hash_crc32c(value.data, value.size - 4))
        return error_set(err, STATUS_CORRUPT, "the sum of a record is wrong");
    memcpy(&of, value.data, sizeof of);
    struct bytes k = key_of(of, name);
    if (k.size != key.size || memcmp(k.data, key.data, k.size) != 0)
        return error_set(err, STATUS_CORRUPT, "a record has the key of another");
    k = key_of(x->key, name);
    if (x->key == KEYS || k.size != key.size || memcmp(k.data, key.data, k.size) != 0)
        return error_set(err, STATUS_NOT_FOUND, "another record");
    size_t size = value_size(x->key, x->batches);
    fill(right, size, x->key, x->batches);
    x->key++;
    return size == value.size && memcmp(right, value.data, size) == 0 ? STATUS_OK : error_set(err, STATUS_NOT_FOUND, "another value");
}

/* STATUS_NOT_FOUND: something else is in it, and nothing tells. */
static enum status compare(struct kv *kv, int batches, struct error *err)
{
    struct expected x = {.batches = batches};
    enum status status = kv_each(kv, (struct bytes){NULL, 0}, expect_next, &x, err);
    uint64_t count = 0;
    for (int key = 0; key < KEYS; key++)
        count += value_size(key, batches) > 0;
    if (!status && kv_entries(kv) != count)
        status = error_set(err, STATUS_CORRUPT, "the number of records is another one");
    while (!status && x.key < KEYS)
        if (value_size(x.key++, batches) > 0)
            status = error_set(err, STATUS_NOT_FOUND, "records are missing at the end");
    return status;
}

static enum status open_store(struct kv **out, struct error *err)
{
    return kv_open(&(struct kv_options){.directory = directory, .map_bytes = 4 << 20}, out, err);
}

static int make_store(void **state)
{
    struct kv *kv;
    struct error err;
    (void)state;
    strcpy(directory, "/dev/shm/storecast-kv-XXXXXX"); /* gigabytes are written, which would keep others from the disk */
    if (!mkdtemp(directory)) {
        strcpy(directory, "/tmp/storecast-kv-XXXXXX");
        assert_non_null(mkdtemp(directory));
    }
    snprintf(path, sizeof path, "%s/data.mdb", directory);
    assert_ok(open_store(&kv, &err));
    for (int b = 1; b <= BATCHES; b++)
        assert_ok(write_batch(kv, b, &err));
    if (compare(kv, BATCHES, &err))
        fail_msg("%s", err.text);
    kv_close(kv);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    good_size = (long)fread(good, 1, sizeof good, f);
    fclose(f);
    print_message("%ld pages\n", good_size / PAGE);
    assert_true(good_size > 100 * PAGE && good_size < FILE_MAX);
    return 0;
}

static int remove_store(void **state)
{
    char command[96];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    assert_int_equal(system(command), 0);
    return 0;
}

/* ---- what happens to a damaged one, in a process of its own */

enum outcome { HARMLESS, A_BATCH_BACK, REFUSED, SEEN_IN_RECORDS, WRONG, OUTCOMES };
static const char *const outcome_names[] = {"harmless", "a batch back", "refused", "seen in the records"};

static enum outcome use(void)
{
    struct kv *kv = NULL;
    struct error err = {0};
    int batches = BATCHES;
    enum status status = open_store(&kv, &err);
    if (status)
        return strlen(err.text) > 30 ? REFUSED : WRONG;
    if (compare(kv, batches, &err)) {
        if (compare(kv, --batches, &err))
            return compare(kv, BATCHES, &err) == STATUS_CORRUPT ? SEEN_IN_RECORDS : WRONG;
    }
    const enum outcome whole = batches == BATCHES ? HARMLESS : A_BATCH_BACK;
    for (int i = 0; i < BATCHES_ON; i++)
        if (write_batch(kv, ++batches, &err) || compare(kv, batches, &err))
            return WRONG;
    kv_close(kv);
    return open_store(&kv, &err) || compare(kv, batches, &err) ? WRONG : whole;
}

static int use_in_child(void)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL); /* what the test's framework makes of signals is not for here */
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        alarm(60);
        _exit(use());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void write_file(const uint8_t *bytes, long size)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, (size_t)size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void check(const uint8_t *bytes, long size, const char *what, long at, size_t outcome[])
{
    write_file(bytes, size);
    int code = use_in_child();
    if (code >= WRONG)
        fail_msg("%s at byte %ld of page %ld: %s %d", what, at % PAGE, at / PAGE, code > 128 ? "signal" : "wrong,",
                 code > 128 ? code - 128 : code);
    outcome[code]++;
}

static void tell(const size_t outcome[])
{
    for (int i = 0; i < WRONG; i++)
        print_message("%-20s %5zu\n", outcome_names[i], outcome[i]);
}

static uint16_t u16_at(long at)
{
    uint16_t n;
    memcpy(&n, good + at, sizeof n);
    return n;
}

/* Mostly what LMDB itself believes: heads, bounds, pointers, entries. */
static long pick_byte(void)
{
    const long page = (long)chance((uint64_t)(good_size / PAGE)) * PAGE;
    const uint16_t lower = u16_at(page + 12);
    if (chance(12) == 0)
        return (long)chance(2) * PAGE + (long)chance(16 + 136);
    if (chance(6) == 0 || lower <= 16 || lower > PAGE)
        return page + (long)chance(chance(2) ? 24 : PAGE);
    if (chance(3) == 0)
        return page + (long)chance(lower);
    const uint16_t node = u16_at(page + 16 + 2 * (long)chance((uint64_t)(lower - 16) / 2));
    return page + (node + 16 < PAGE ? node + (long)chance(16) : node);
}

static void a_changed_byte_is_refused_or_harmless_for_ever(void **state)
{
    static uint8_t bad[FILE_MAX];
    size_t outcome[OUTCOMES] = {0};
    (void)state;
    memcpy(bad, good, (size_t)good_size);
    for (int i = 0; i < DAMAGES; i++) {
        const long at = pick_byte();
        bad[at] ^= (uint8_t)(chance(2) ? 1u << chance(8) : 1 + chance(255));
        check(bad, good_size, "a changed byte", at, outcome);
        bad[at] = good[at];
    }
    tell(outcome);
    assert_true(outcome[REFUSED] > DAMAGES / 4 && outcome[HARMLESS] > 0 && outcome[A_BATCH_BACK] > 0);
}

static void pages_that_are_lost_or_in_each_others_place_are_refused_or_harmless_for_ever(void **state)
{
    static uint8_t bad[FILE_MAX];
    size_t outcome[OUTCOMES] = {0};
    (void)state;
    for (int i = 0; i < DAMAGES / 4; i++) {
        const long at = (long)chance((uint64_t)(good_size / PAGE)) * PAGE, other = (long)chance((uint64_t)(good_size / PAGE)) * PAGE;
        const long sector = at + 512 * (long)chance(8);
        long size = good_size;
        memcpy(bad, good, (size_t)good_size);
        switch (i % 4) {
        case 0:
            memset(bad + at, 0, PAGE);
            break;
        case 1:
            memcpy(bad + at, good + other, PAGE);
            break;
        case 2:
            memset(bad + sector, i / 4 % 2 ? 0 : 0xff, 512);
            break;
        default:
            size = i / 4 % 2 ? at : sector + (long)chance(512);
            break;
        }
        if (size > 0) /* an empty file is an empty store */
            check(bad, size, "a lost page", i % 4 == 3 ? size : at, outcome);
    }
    tell(outcome);
    assert_true(outcome[REFUSED] > DAMAGES / 16);
}

int main(int argc, char **argv)
{
    const char *wish = getenv("STORECAST_SEED");
    seed = wish ? strtoull(wish, NULL, 10) : 1;
    print_message("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_byte_is_refused_or_harmless_for_ever),
        cmocka_unit_test(pages_that_are_lost_or_in_each_others_place_are_refused_or_harmless_for_ever),
    };
    fixture_filter(argc, argv);
    return cmocka_run_group_tests(tests, make_store, remove_store);
}
