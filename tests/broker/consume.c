/* consume: a bare librdkafka consumer, the measure of what restoring costs.
 *
 *   broker_consume SERVERS TOPIC PARTITIONS
 *
 * Reads the committed records of all partitions from their beginning to their end, and prints how many, their bytes, the seconds
 * from the assignment on, and how many were deletions. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* With what the worker's own reader of the changelog has set. */
static rd_kafka_t *consumer_new(const char *servers)
{
    const char *properties[][2] = {
        {"bootstrap.servers", servers},         {"group.id", "bare"},        {"enable.auto.commit", "false"},
        {"enable.partition.eof", "true"},       {"fetch.wait.max.ms", "20"}, {"isolation.level", "read_committed"},
        {"queued.max.messages.kbytes", "16384"}};
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (rd_kafka_conf_set(conf, properties[i][0], properties[i][1], why, sizeof why)) {
            fprintf(stderr, "%s\n", why);
            exit(1);
        }
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!rk) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    rd_kafka_poll_set_consumer(rk);
    return rk;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 64;
    const int partitions = atoi(argv[3]);
    unsigned long long records = 0, bytes = 0, deletions = 0;
    rd_kafka_t *rk = consumer_new(argv[1]);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(list, argv[2], i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    const double began = now_s();
    rd_kafka_resp_err_t e = rd_kafka_assign(rk, list);
    for (int open = partitions; !e && open > 0;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
        if (!m)
            continue;
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            open--;
        } else if (m->err) {
            e = m->err;
        } else {
            records++;
            bytes += m->key_len + m->len;
            deletions += !m->payload;
        }
        rd_kafka_message_destroy(m);
    }
    if (e)
        fprintf(stderr, "%s\n", rd_kafka_err2str(e));
    else
        printf("%llu %llu %.6f %llu\n", records, bytes, now_s() - began, deletions);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    return e ? 1 : 0;
}
