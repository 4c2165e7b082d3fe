/* Every allocation fails in turn while a codec is made and messages are read, those of avro-c too, which crashes on a missing one:
 * the codec says so, or the program gets the word to end in order. Each failure has a process of its own. */
#include "support/fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include "codec/codec.h"
#include "support/fault.h"

#define FAILURES_MAX 5000

enum outcome { OUTCOME_NO_FAILURE = 10, OUTCOME_READ, OUTCOME_REFUSED, OUTCOME_ENDED, OUTCOME_WRONG };

static struct buffer message;

static void end(void)
{
    _exit(OUTCOME_ENDED);
}

static enum outcome read_message(void)
{
    struct codec *c = NULL;
    struct arena arena = {0};
    struct sales_update update;
    enum status status = codec_new(&c);
    if (!status)
        status = codec_decode_sales_update(c, buffer_bytes(&message), &arena, &update, NULL, NULL);
    bool is_right = !status && text_equal(update.store, text_of("7")) && update.body.sale.sold.quantity == 3 * MILLIONTHS;
    arena_done(&arena);
    if (c)
        codec_free(c);
    if (status)
        return status == STATUS_NO_MEMORY ? OUTCOME_REFUSED : OUTCOME_WRONG;
    return is_right ? OUTCOME_READ : OUTCOME_WRONG;
}

static int fail_at(size_t allowed)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        codec_on_no_memory(end);
        fault_start(allowed);
        enum outcome outcome = read_message();
        bool has_failed = fault_happened();
        fault_stop();
        _exit(has_failed || outcome != OUTCOME_READ ? (int)outcome : OUTCOME_NO_FAILURE);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void reading_ends_in_order_whatever_allocation_fails(void **state)
{
    (void)state;
    struct sales_update sale = {
        .event_id = text_of("e-1"), .store = text_of("7"), .business_date = 15639, .issued_at_ms = 1351242000123, .kind = BODY_SALE};
    sale.body.sale.sold = (struct measures){.quantity = 3 * MILLIONTHS, .has_quantity = true};
    assert_ok(codec_encode_sales_update(&sale, &message));
    size_t refused = 0, ended = 0, n = 0;
    int outcome;
    for (; (outcome = fail_at(n)) != OUTCOME_NO_FAILURE; n++) {
        if (n == FAILURES_MAX || (outcome != OUTCOME_READ && outcome != OUTCOME_REFUSED && outcome != OUTCOME_ENDED))
            fail_msg("allocation %zu: %d", n, outcome);
        refused += outcome == OUTCOME_REFUSED;
        ended += outcome == OUTCOME_ENDED;
    }
    print_message("%zu allocations: %zu refused, %zu ended\n", n, refused, ended);
    assert_true(refused > 0 && ended > 100);
    buffer_done(&message);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reading_ends_in_order_whatever_allocation_fails)};
    return fixture_run(argc, argv, tests);
}
