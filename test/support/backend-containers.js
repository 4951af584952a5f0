import { readFileSync } from 'node:fs';
import { GenericContainer, Wait } from 'testcontainers';
import { parse } from 'yaml';

/** The images that are deployed. */
const { services } = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true });
const images = {
  EVENTSTORE_URL: services.eventstoredb.image,
  MONGO_URL: services.mongodb.image,
  KAFKA_BROKERS: services.kafka.image,
  REDIS_URL: services.redis.image,
};

const running = async (container, port, urlOf) => {
  const started = await container.start();
  return { url: urlOf(`${started.getHost()}:${started.getMappedPort(port)}`), stop: () => started.stop() };
};

/** Starts one real server of each kind, with its security off: it lives as long as the tests, on this machine. */
export const containers = {
  EVENTSTORE_URL: () =>
    running(
      new GenericContainer(images.EVENTSTORE_URL)
        .withEnvironment({ EVENTSTORE_INSECURE: 'true', EVENTSTORE_MEM_DB: 'true' })
        .withExposedPorts(2113)
        .withWaitStrategy(Wait.forHttp('/health/live', 2113).forStatusCode(204)),
      2113,
      (address) => `esdb://${address}?tls=false`,
    ),
  MONGO_URL: () =>
    running(
      new GenericContainer(images.MONGO_URL).withExposedPorts(27017),
      27017,
      (address) => `mongodb://${address}/tidemark`,
    ),
  KAFKA_BROKERS: async () => {
    // It tells its clients where it is, so that the port must be known before it starts.
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    return running(
      new GenericContainer(images.KAFKA_BROKERS)
        .withEnvironment({
          KAFKA_NODE_ID: '1',
          KAFKA_PROCESS_ROLES: 'broker,controller',
          KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
          KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://localhost:${port}`,
          KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
          KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
          KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
          KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
          KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
          KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
        })
        .withExposedPorts({ container: 9092, host: port })
        .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/)),
      9092,
      (address) => address,
    );
  },
  REDIS_URL: () =>
    running(new GenericContainer(images.REDIS_URL).withExposedPorts(6379), 6379, (address) => `redis://${address}`),
};
