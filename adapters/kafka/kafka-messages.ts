import type { IHeaders, KafkaMessage, Message as KafkaRecord } from 'kafkajs';
import type { DeliveredMessage, Message } from '../../contracts/ports/bus.ts';

/** Kafka allows a header more than once: the last one counts. */
const text = (value: IHeaders[string]): string => {
  const last = Array.isArray(value) ? value.at(-1) : value;
  return last === undefined ? '' : last.toString();
};

export const toRecord = ({ key, headers, value }: Message): KafkaRecord => ({ key, headers: { ...headers }, value });

/** Where others write too there may be no key or value: these read as empty. */
export const toDelivered = (
  topic: string,
  partition: number,
  { key, headers, value, offset }: KafkaMessage,
): DeliveredMessage => ({
  topic,
  partition,
  offset: BigInt(offset),
  key: key?.toString() ?? '',
  headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, header]) => [name, text(header)])),
  value: value?.toString() ?? '',
});
