import { randomUUID } from 'node:crypto';
import type { EventStore, RecordedEvent } from '../../contracts/ports/event-store.ts';

/** An event that has happened in the stream. */
export interface Past {
  readonly stream: string;
  readonly type: string;
  readonly data: unknown;
}

/** Appends them one by one, each behind its stream's last. */
export const appendPast = async (events: EventStore, past: readonly Past[]): Promise<void> => {
  for (const { stream, type, data } of past) {
    const last = await events.readLast(stream);
    const metadata = { actor: 'test', commandId: randomUUID(), correlationId: 'test' };
    await events.append(stream, last?.revision ?? 'none', [{ id: randomUUID(), type, data, metadata }]);
  }
};

/** The events as recorded: positions from 1, a minute apart from 2026 on. */
export const recordedPast = (past: readonly Past[]): RecordedEvent[] => {
  const revisions = new Map<string, number>();
  return past.map(({ stream, type, data }, index) => {
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    const recordedAt = new Date(Date.UTC(2026, 0, 1) + index * 60_000);
    const metadata = { actor: 'test', commandId: randomUUID(), correlationId: 'test' };
    return { id: randomUUID(), stream, type, data, metadata, revision, position: BigInt(index + 1), recordedAt };
  });
};
