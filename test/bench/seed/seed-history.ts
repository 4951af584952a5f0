import { randomBytes, randomUUID } from 'node:crypto';
import { SqliteEventStore } from '../../../adapters/sqlite/sqlite-event-store.ts';
import { candleStream, tickStream } from '../../../contracts/events/price-events.ts';
import { userStream } from '../../../contracts/events/stream-names.ts';
import type { EventStore } from '../../../contracts/ports/event-store.ts';
import { seal } from '../../../runtime/sealing.ts';
import { inGroups } from './in-groups.ts';

interface Made {
  readonly stream: string;
  readonly type: string;
  readonly data: object;
}

const minuteMs = 60_000;
const firstMs = Date.UTC(2026, 0, 5);
const symbols = ['BTCUSDT', 'ETHUSDT', 'BNBUSDT', 'SOLUSDT'] as const;

/** Fills an event store file as `seedEvents` does. */
export const seedHistory = async (file: string, count: number): Promise<void> => {
  const store = new SqliteEventStore(file);
  try {
    await seedEvents(store, count);
  } finally {
    await store.close();
  }
};

/** Fills an event store: of twenty events twelve are ticks, three candles, and five are of a user's life. */
export const seedEvents = async (store: EventStore, count: number): Promise<void> => {
  const revisions = new Map<string, number>();
  const key = randomBytes(32);
  const mac = randomBytes(32).toString('base64url');
  const made = (index: number): Made => {
    const [round, kind] = [Math.floor(index / 20), index % 20];
    if (kind < 12) return tick(round * 12 + kind);
    return kind < 15 ? candle(round * 3 + kind - 12) : userEvent(key, round, kind - 15);
  };
  await inGroups(count, async (index) => {
    const { stream, type, data } = made(index);
    const last = revisions.get(stream);
    revisions.set(stream, (last ?? -1) + 1);
    const chained = type === 'price.ticked' ? {} : { mac };
    const metadata = { actor: 'bench', commandId: randomUUID(), correlationId: randomUUID(), schemaVersion: 1 };
    await store.append(stream, last ?? 'none', [
      { id: randomUUID(), type, data, metadata: { ...metadata, ...chained } },
    ]);
  });
};

const priceAt = (index: number) => `${67_000 + (index % 977)}.${String(index % 100).padStart(2, '0')}`;

const tick = (index: number): Made => {
  const symbol = symbols[index % symbols.length]!;
  const timeMs = firstMs + Math.floor(index / symbols.length) * 1_000;
  const data = { source: 'binance', symbol, price: priceAt(index), timeMs, origin: 'stream' };
  return { stream: tickStream('binance', symbol, timeMs), type: 'price.ticked', data };
};

const candle = (index: number): Made => {
  const symbol = symbols[index % symbols.length]!;
  const openTimeMs = firstMs + Math.floor(index / symbols.length) * minuteMs;
  const price = priceAt(index);
  const prices = { open: price, high: price, low: price, close: price, volume: '12.34500000' };
  const data = { source: 'binance', symbol, openTimeMs, ...prices, backfilled: false };
  return { stream: candleStream('binance', symbol, openTimeMs), type: 'candle.closed', data };
};

/** A user comes in each round, and changes their name in each of the following four. */
const userEvent = (key: Uint8Array, round: number, step: number): Made => {
  const number = Math.max(0, round - step);
  const userId = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  const stream = userStream(userId);
  const sealed = (field: string, text: string) => seal(key, text, `${userId}/${field}`);
  const name = sealed('name', `Name ${step}`);
  if (step > 0) return { stream, type: 'user.profile-changed', data: { name } };
  const address = { addressKey: randomBytes(32).toString('hex'), reservationId: randomUUID() };
  return {
    stream,
    type: 'user.created',
    data: { email: sealed('email', `user${number}@example.com`), name, ...address },
  };
};
