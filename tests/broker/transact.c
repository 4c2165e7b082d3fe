/* transact: what a test's Python cannot do by itself: records in a transaction.
 *
 *   broker_transact SERVERS TOPIC PARTITION ID commit|abort|hold COUNT [SHIFT_MS]
 *   broker_transact SERVERS TOPIC PARTITION GROUP offset N
 *
 * Sends records "ID-0"... with these keys and values, flushes them, and ends the transaction; hold prints "open" and
 * keeps it open until it is killed. SHIFT_MS: how wrong the producer's clock is.
 * offset commits any offset for a group, there or not. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void demand(rd_kafka_error_t *error, const char *what)
{
    if (!error)
        return;
    fprintf(stderr, "%s: %s\n", what, rd_kafka_error_string(error));
    exit(1);
}

static int commit_offset(const char *servers, const char *topic, int32_t partition, const char *group, int64_t offset)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", servers, why, sizeof why);
    rd_kafka_conf_set(conf, "group.id", group, why, sizeof why);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    const rd_kafka_resp_err_t e = rd_kafka_commit(rk, list, 0);
    puts(e ? rd_kafka_err2str(e) : "offset");
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    return e ? 1 : 0;
}

static rd_kafka_t *producer_new(const char *servers, const char *id)
{
    const char *properties[][2] = {{"bootstrap.servers", servers}, {"transactional.id", id}, {"transaction.timeout.ms", "60000"}};
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (rd_kafka_conf_set(conf, properties[i][0], properties[i][1], why, sizeof why)) {
            fprintf(stderr, "%s\n", why);
            exit(1);
        }
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!rk) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    return rk;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    if (argc < 7)
        return 64;
    if (strcmp(argv[5], "offset") == 0)
        return commit_offset(argv[1], argv[2], atoi(argv[3]), argv[4], atoll(argv[6]));
    const int64_t shift_ms = argc > 7 ? atoll(argv[7]) : 0;
    const char *topic = argv[2], *id = argv[4], *verb = argv[5];
    const int32_t partition = atoi(argv[3]);
    rd_kafka_t *rk = producer_new(argv[1], id);
    demand(rd_kafka_init_transactions(rk, 30000), "init");
    demand(rd_kafka_begin_transaction(rk), "begin");
    for (int i = 0; i < atoi(argv[6]); i++) {
        char text[128];
        const int size = snprintf(text, sizeof text, "%s-%d", id, i);
        const rd_kafka_resp_err_t e =
            rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                              RD_KAFKA_V_KEY(text, (size_t)size), RD_KAFKA_V_VALUE(text, (size_t)size),
                              RD_KAFKA_V_TIMESTAMP(now_ms() + shift_ms), RD_KAFKA_V_END);
        if (e) {
            fprintf(stderr, "produce: %s\n", rd_kafka_err2str(e));
            return 1;
        }
    }
    rd_kafka_flush(rk, 30000);
    if (strcmp(verb, "commit") == 0)
        demand(rd_kafka_commit_transaction(rk, 30000), "commit");
    else if (strcmp(verb, "abort") == 0)
        demand(rd_kafka_abort_transaction(rk, 30000), "abort");
    printf("%s\n", strcmp(verb, "hold") == 0 ? "open" : verb);
    fflush(stdout);
    while (strcmp(verb, "hold") == 0)
        pause();
    rd_kafka_destroy(rk);
    return 0;
}
