/* The main of a fuzz target built without libFuzzer: runs every file of the folders and files named, then a fixed
 * number of mutations of each from a fixed seed, also by the target's own mutator if it has one. Exits 1 when a folder holds no file: a
 * lost corpus must not pass. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed) __attribute__((weak));
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two, size_t two_size, uint8_t *out, size_t size_max,
                                 unsigned seed) __attribute__((weak));

enum { MUTATIONS_PER_FILE = 50, FILE_BYTES_MAX = 1 << 20 };

static size_t mutations;
static uint8_t *previous; /* the file before, for crossing */
static size_t previous_size;

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A malloc of the exact size, so that a sanitizer sees the first byte read past the end. */
static void run_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_mutations(uint8_t *data, size_t size)
{
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15) ^ size;
    for (int i = 0; i < MUTATIONS_PER_FILE && size > 0; i++) {
        size_t at = random_next(&state) % size;
        uint8_t before = data[at];
        data[at] = (uint8_t)random_next(&state);
        size_t cut = i % 3 == 0 ? random_next(&state) % size : size;
        run_copy(data, cut);
        mutations++;
        if (i % 5 != 0) /* every fifth change stays, so that mutations add up */
            data[at] = before;
    }
}

/* For mutators that fall back on libFuzzer's: one byte is another one. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max)
{
    static uint64_t state = 1;
    (void)size_max;
    if (size > 0)
        data[random_next(&state) % size] = (uint8_t)random_next(&state);
    return size;
}

/* Each is made of the one before; every tenth begins anew. */
static void run_own_mutations(const uint8_t *data, size_t size)
{
    uint8_t *changed = malloc(FILE_BYTES_MAX);
    size_t changed_size = 0;
    if (changed == NULL)
        abort();
    for (unsigned i = 0; i < 4 * MUTATIONS_PER_FILE && LLVMFuzzerCustomMutator != NULL; i++) {
        if (i % 10 == 0) {
            memcpy(changed, data, size);
            changed_size = size;
        }
        changed_size = LLVMFuzzerCustomMutator(changed, changed_size, FILE_BYTES_MAX, i * 2654435761u + (unsigned)size);
        run_copy(changed, changed_size);
        mutations++;
    }
    for (unsigned i = 0; i < MUTATIONS_PER_FILE && LLVMFuzzerCustomCrossOver != NULL && previous != NULL; i++) {
        run_copy(changed, LLVMFuzzerCustomCrossOver(data, size, previous, previous_size, changed, FILE_BYTES_MAX, i));
        mutations++;
    }
    free(changed);
}

static size_t run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(FILE_BYTES_MAX);
    if (file == NULL || data == NULL) {
        perror(path);
        exit(1);
    }
    size_t size = fread(data, 1, FILE_BYTES_MAX, file);
    fclose(file);
    run_copy(data, size);
    run_own_mutations(data, size);
    free(previous);
    previous = malloc(size + 1);
    if (previous == NULL)
        abort();
    memcpy(previous, data, size);
    previous_size = size;
    run_mutations(data, size);
    free(data);
    return 1;
}

static size_t run_folder(const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    size_t count = 0;
    for (int i = 0; i < n; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            count += run_file(file);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        struct stat status;
        bool is_folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
        count += is_folder ? run_folder(argv[i]) : run_file(argv[i]);
    }
    printf("replayed %zu inputs and %zu mutations\n", count, mutations);
    return count > 0 ? 0 : 1;
}
