import type { Consumer } from 'kafkajs';
import type { KafkaClient } from './kafka-client.ts';

/** How soon a killed member's partitions go to others. The least that a broker allows unless told otherwise. */
export const sessionMs = 6_000;
const heartbeatMs = 1_000;
/** How long the broker holds a question for messages that aren't there yet. Heartbeats go in between. */
const longPollMs = 500;

/** A consumer that ends at a failure that lasts, of some seconds. kafkajs would try for long and say nothing: who called joins again, and knows. */
export const openConsumer = ({ kafka }: KafkaClient, groupId: string): Consumer =>
  kafka.consumer({
    groupId,
    sessionTimeout: sessionMs,
    rebalanceTimeout: sessionMs,
    heartbeatInterval: heartbeatMs,
    maxWaitTimeInMs: longPollMs,
    allowAutoTopicCreation: false,
    retry: { retries: 5, restartOnFailure: async () => false },
  });
