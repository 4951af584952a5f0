import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { AdminEvent } from '../../contracts/events/admin-events.ts';
import { candleStream, type PriceEvent, tickStream } from '../../contracts/events/price-events.ts';
import { adminsStream, userStream } from '../../contracts/events/stream-names.ts';
import type { UserEvent } from '../../contracts/events/user-events.ts';
import type { Past } from './append-past.ts';

type Made<Event> = Event extends { readonly type: string; readonly data: unknown } ? Event : never;

/** Merges the lists at random, each keeping its order. */
const interleaved = (lists: readonly (readonly Past[])[]): fc.Arbitrary<readonly Past[]> =>
  fc.infiniteStream(fc.nat()).map((picks) => {
    const left = lists.map((list) => [...list]).filter((list) => list.length > 0);
    const merged: Past[] = [];
    for (const pick of picks) {
      if (left.length === 0) break;
      const index = pick % left.length;
      merged.push(left[index]!.shift()!);
      if (left[index]!.length === 0) left.splice(index, 1);
    }
    return merged;
  });

const sealed = fc.uuid().map((text) => `sealed-${text}`);
const address = fc.record({ addressKey: fc.uuid(), reservationId: fc.uuid() });

const appointments = [randomUUID(), randomUUID()];

const userChange: fc.Arbitrary<Made<UserEvent | AdminEvent>> = fc.oneof(
  sealed.map((name) => ({ type: 'user.profile-changed' as const, data: { name } })),
  fc.tuple(sealed, address).map(([email, to]) => ({ type: 'user.email-changed' as const, data: { email, ...to } })),
  address.map((data) => ({ type: 'user.email-change-abandoned' as const, data })),
  fc.uuid().map((appointmentId) => ({ type: 'user.appointed' as const, data: { appointmentId } })),
  fc.uuid().map((appointmentId) => ({ type: 'user.dismissed' as const, data: { appointmentId } })),
  fc
    .tuple(fc.constantFrom('admin.granted' as const, 'admin.revoked' as const), fc.constantFrom(...appointments))
    .map(([type, appointmentId]) => ({ type, data: { userId: '', appointmentId } })),
);

const userLife = fc
  .tuple(fc.tuple(sealed, sealed, address), fc.array(userChange, { maxLength: 8 }), fc.boolean())
  .map(([[email, name, at], changes, leaves]): Past[] => {
    // Made here, not drawn: two users never share an id.
    const userId = randomUUID();
    const stream = userStream(userId);
    return [
      { stream, type: 'user.created', data: { email, name, ...at } },
      ...changes.map(({ type, data }) =>
        type.startsWith('admin.') ? { stream: adminsStream, type, data: { ...data, userId } } : { stream, type, data },
      ),
      ...(leaves ? [{ stream, type: 'user.deleted', data: at }] : []),
    ];
  });

/** Lives of a few users, interleaved: some are deleted in the end. */
export const userHistory = fc.array(userLife, { minLength: 1, maxLength: 5 }).chain(interleaved);

const decimal = fc.tuple(fc.nat(99_999), fc.nat(99)).map(([whole, part]) => `${whole}.${part}`);
const market = { source: fc.constantFrom('binance', 'simulator'), symbol: fc.constantFrom('BTCUSDT', 'ETHUSDT') };
const timeMs = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2026, 0, 3) });

/** Ticks of a few markets, not always in the order of their times. */
export const tickHistory: fc.Arbitrary<readonly Past[]> = fc.array(
  fc
    .record({ ...market, price: decimal, timeMs, origin: fc.constantFrom('poll' as const, 'stream' as const) })
    .map((data): Past & Extract<PriceEvent, { type: 'price.ticked' }> => ({
      stream: tickStream(data.source, data.symbol, data.timeMs),
      type: 'price.ticked',
      data,
    })),
  { minLength: 1, maxLength: 30 },
);

/** Candles of a few markets, some of the same minute. */
export const candleHistory: fc.Arbitrary<readonly Past[]> = fc.array(
  fc
    .record({
      ...market,
      openTimeMs: fc.nat(20).map((minute) => Date.UTC(2026, 0, 1) + minute * 60_000),
      open: decimal,
      high: decimal,
      low: decimal,
      close: decimal,
      volume: decimal,
      backfilled: fc.boolean(),
    })
    .map((data): Past & Extract<PriceEvent, { type: 'candle.closed' }> => ({
      stream: candleStream(data.source, data.symbol, data.openTimeMs),
      type: 'candle.closed',
      data,
    })),
  { minLength: 1, maxLength: 30 },
);
