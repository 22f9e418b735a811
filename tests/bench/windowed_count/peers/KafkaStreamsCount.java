import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Kafka Streams: a tumbling aggregate by event time, RocksDB with its cache, changelog on, two threads, at least once.
 *
 * usage: java KafkaStreamsCount JOB, the job as JSON (see __init__.py). Commits as often as the monitor flushes.
 */
public final class KafkaStreamsCount {
    private static final List<String> STAGES =
        List.of("impression", "click", "add_to_cart", "order", "payment", "fulfilment", "repurchase");

    @JsonIgnoreProperties(ignoreUnknown = true)
    public static final class Job {
        public String kafka;
        public String topic;
        public long events;
        public String run;
        public String folder;
        public String counts;
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    public static final class FunnelEvent {
        public String store_id;
        public String type;
        public long event_time_ms;
    }

    private KafkaStreamsCount() {}

    private static <T> Serde<T> readOnly(final Deserializer<T> deserializer) {
        final Serializer<T> none = (topic, value) -> {
            throw new IllegalStateException("events are only read");
        };
        return Serdes.serdeFrom(none, deserializer);
    }

    private static Serde<long[]> countsSerde() {
        final Serializer<long[]> write = (topic, counts) -> {
            if (counts == null) {
                return null;
            }
            final ByteBuffer buffer = ByteBuffer.allocate(8 * counts.length);
            buffer.asLongBuffer().put(counts);
            return buffer.array();
        };
        final Deserializer<long[]> read = (topic, bytes) -> {
            if (bytes == null) {
                return null;
            }
            final long[] counts = new long[bytes.length / 8];
            ByteBuffer.wrap(bytes).asLongBuffer().get(counts);
            return counts;
        };
        return Serdes.serdeFrom(write, read);
    }

    private static synchronized void say(final String word) {
        System.out.println(word);
        System.out.flush();
    }

    public static void main(final String[] arguments) throws Exception {
        final ObjectMapper mapper = new ObjectMapper()
            .configure(com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
        final Job job = mapper.readValue(arguments[0], Job.class);
        final Deserializer<FunnelEvent> parse = (topic, bytes) -> {
            try {
                return mapper.readValue(bytes, FunnelEvent.class);
            } catch (java.io.IOException broken) {
                throw new IllegalArgumentException(broken);
            }
        };

        final Map<Windowed<String>, long[]> latest = new ConcurrentHashMap<>();
        final AtomicLong emitted = new AtomicLong();
        final CountDownLatch done = new CountDownLatch(1);
        final StreamsBuilder builder = new StreamsBuilder();
        builder
            .stream(job.topic, Consumed.with(Serdes.String(), readOnly(parse))
                .withTimestampExtractor((record, before) -> ((FunnelEvent) record.value()).event_time_ms))
            .groupByKey(Grouped.with(Serdes.String(), readOnly(parse)))
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofHours(24)))
            .aggregate(
                () -> new long[STAGES.size()],
                (store, event, counts) -> {
                    final long[] more = counts.clone();
                    more[STAGES.indexOf(event.type)]++;
                    return more;
                },
                Materialized.<String, long[], WindowStore<Bytes, byte[]>>as("counts")
                    .withKeySerde(Serdes.String())
                    .withValueSerde(countsSerde())
                    .withRetention(Duration.ofHours(26))
                    .withCachingEnabled())
            .toStream()
            .foreach((window, counts) -> {
                final long[] before = latest.put(window, counts);
                final long growth =
                    Arrays.stream(counts).sum() - (before == null ? 0 : Arrays.stream(before).sum());
                if (emitted.addAndGet(growth) == job.events) {
                    done.countDown();
                }
            });

        final Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, job.run);
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, job.kafka);
        config.put(StreamsConfig.STATE_DIR_CONFIG, job.folder);
        config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 500);
        config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64L * 1024 * 1024);
        config.put("auto.offset.reset", "earliest");
        final KafkaStreams streams = new KafkaStreams(builder.build(), config);
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING) {
                say("start");
            }
        });
        streams.start();
        done.await();
        say("done");
        final StringBuilder text = new StringBuilder();
        latest.forEach((window, counts) -> {
            for (int stage = 0; stage < counts.length; stage++) {
                if (counts[stage] > 0) {
                    text.append(window.key()).append('\t').append(window.window().start() / 60_000).append('\t')
                        .append(STAGES.get(stage)).append('\t').append(counts[stage]).append('\n');
                }
            }
        });
        Files.writeString(Path.of(job.counts), text);
        say("written");
        Runtime.getRuntime().halt(0);
    }
}
