package storecast;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * What a Java team would write to have the sales of every store, product and week: Kafka Streams, exactly once, RocksDB,
 * a changelog. It only adds up: no duplicates are told, no week closes, nothing is forecast, nothing goes to another topic.
 *
 * <p>Each choice that is open is the faster one: no repartitioning (the key is the store already), a cache before RocksDB
 * and the changelog, Avro's fast reader, one record and one decoder used again and again.
 *
 * <p>Arguments: brokers, sales topic, application id, state folder, SalesUpdate.avsc. Ends by a signal.
 */
public final class SumSales {
    private static final int HEADER = 5; // 0x00 and the schema's id
    private static final int FIRST_MONDAY = 4; // 1970-01-05, in days since 1970-01-01

    private static final class Sum implements Processor<byte[], byte[], Void, Void> {
        private final GenericDatumReader<GenericRecord> reader;
        private final Schema.Field store, product, date, body;
        private KeyValueStore<String, Double> sums;
        private BinaryDecoder decoder;
        private GenericRecord update;

        Sum(Schema schema) {
            reader = new GenericDatumReader<>(schema);
            store = schema.getField("store");
            product = schema.getField("product");
            date = schema.getField("business_date");
            body = schema.getField("body");
        }

        @Override
        public void init(ProcessorContext<Void, Void> context) {
            sums = context.getStateStore("sums");
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            try {
                final byte[] value = record.value();
                decoder = DecoderFactory.get().binaryDecoder(value, HEADER, value.length - HEADER, decoder);
                update = reader.read(update, decoder);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            final GenericRecord said = (GenericRecord) update.get(body.pos());
            if (!said.getSchema().getName().equals("Sale")) {
                return;
            }
            final Object amount = said.get("amount");
            final int week = Math.floorDiv((Integer) update.get(date.pos()) - FIRST_MONDAY, 7);
            final String key = update.get(store.pos()) + "|" + update.get(product.pos()) + "|" + week;
            final Double before = sums.get(key);
            sums.put(key, (before == null ? 0 : before) + (amount == null ? 0 : (Double) amount));
        }
    }

    public static void main(String[] args) throws Exception {
        final Schema schema = new Schema.Parser().parse(Path.of(args[4]).toFile());
        final Properties p = new Properties();
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, args[2]);
        p.put(StreamsConfig.STATE_DIR_CONFIG, args[3]);
        p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        p.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        p.put(StreamsConfig.consumerPrefix("max.poll.records"), 5000);

        final Topology topology = new Topology();
        topology.addSource("sales", new ByteArrayDeserializer(), new ByteArrayDeserializer(), args[1]);
        topology.addProcessor("sum", () -> new Sum(schema), "sales");
        topology.addStateStore(
            Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("sums"), Serdes.String(), Serdes.Double())
                .withLoggingEnabled(Map.of())
                .withCachingEnabled(),
            "sum");
        final KafkaStreams streams = new KafkaStreams(topology, p);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
