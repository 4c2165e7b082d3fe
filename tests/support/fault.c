#include "support/fault.h"

#include <stdlib.h>

#include "support/fixture.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool is_armed, has_happened;
static size_t left;

void fault_start(size_t allowed)
{
    left = allowed;
    has_happened = false;
    is_armed = true;
}

void fault_stop(void)
{
    is_armed = false;
}

bool fault_happened(void)
{
    return has_happened;
}

static bool must_fail(void)
{
    if (!is_armed || left-- > 0)
        return false;
    is_armed = false;
    has_happened = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return must_fail() ? NULL : __real_realloc(old, size);
}

size_t fault_sweep(bool (*run)(void *context), void *context, bool may_survive)
{
    enum { SWEEP_MAX = 1000000 };
    for (size_t allowed = 0; allowed < SWEEP_MAX; allowed++) {
        fault_start(allowed);
        bool succeeded = run(context);
        fault_stop();
        if (!fault_happened()) {
            assert_true(succeeded); /* with memory enough it must work */
            return allowed;
        }
        if (succeeded && !may_survive) {
            print_error("allocation %zu failed and nobody noticed\n", allowed + 1);
            fail();
        }
    }
    fail();
    return 0;
}
