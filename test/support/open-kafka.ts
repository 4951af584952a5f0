import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { KafkaBus, type KafkaBusOptions } from '../../adapters/kafka/kafka-bus.ts';
import { eventually } from './eventually.ts';
import { recordingLog } from './recording-log.ts';

/** Buses whose topics and groups have a prefix of their own, and the broker's tools to look at them. `close` deletes them. */
export const openKafka = async (servers: string, options: Partial<KafkaBusOptions> = {}) => {
  const brokers = servers.split(',');
  const prefix = `test-${randomUUID()}.`;
  const log = recordingLog();
  const buses: KafkaBus[] = [];
  const open = (more: Partial<KafkaBusOptions> = {}) => {
    const bus = new KafkaBus({ brokers, prefix, log, redeliveryMs: 50, ...options, ...more });
    buses.push(bus);
    return bus;
  };
  const bus = open();
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 10, initialRetryTime: 50 } });
  const admin = kafka.admin();
  await admin.connect();
  const groups = async () =>
    (await admin.listGroups()).groups.map(({ groupId }) => groupId).filter((group) => group.startsWith(prefix));
  const clear = async () => {
    const topics = (await admin.listTopics()).filter((name) => name.startsWith(prefix));
    if (topics.length > 0) await admin.deleteTopics({ topics });
    // A member that could not say that it leaves counts as one for a while.
    await eventually(async () => {
      const left = await groups();
      if (left.length > 0) await admin.deleteGroups(left);
      return true;
    }, 15_000);
  };
  return {
    ...{ bus, open, prefix, log, kafka, admin },
    /** By the broker's names. */
    groups,
    close: async () => {
      for (const one of buses) await one.close();
      try {
        await clear();
      } finally {
        await admin.disconnect();
      }
    },
  };
};
