import type { Position } from '../../contracts/ports/event-store.ts';
import type { ConnectedSocket } from './connected-socket.ts';
import type { Start } from './handshake.ts';
import type { NoticeBacklog } from './notice-backlog.ts';
import type { PriceNotices } from './price-notices.ts';
import { startSocket } from './start-socket.ts';
import type { UserNotices } from './user-notices.ts';

/** A process whose views say `horizon`, and which has handed out up to `handedOut`. Answers what the socket is told. */
const begin = async (start: Start, horizon: Position, handedOut: Position, reached = true) => {
  const told: string[] = [];
  const socket = {
    emit: (event: string, { cursor, reason = '' }: { cursor: string; reason?: string }) =>
      told.push(`${event} ${reason}${cursor.split('.')[1]}`),
    takesPrice: () => false,
    goLive: (position: Position) => told.push(`live behind ${position}`),
  } as unknown as ConnectedSocket;
  await startSocket(socket, start, {
    backlog: {
      horizon: async () => horizon,
      missed: async (after: Position, upTo: Position) => {
        told.push(`missed ${after} to ${upTo}`);
        return [];
      },
    } as unknown as NoticeBacklog,
    userNotices: { handedOut } as unknown as UserNotices,
    priceNotices: { latest: async () => [] } as unknown as PriceNotices,
    progress: { waitUntil: async (view: object) => (reached ? view : undefined) } as never,
    storeId: 'store',
  });
  return told;
};

it('goes live behind what the views have', async () => {
  expect(await begin('now', 5n, 3n)).toEqual(['ready 5', 'live behind 5']);
  expect(await begin({ behind: 2n }, 5n, 3n)).toEqual(['missed 2 to 5', 'ready 2', 'live behind 5']);
  expect(await begin({ behind: 9n }, 5n, 3n, false)).toEqual(['ready 5', 'resync ahead5', 'live behind 5']);
});

it('tells what was handed out already, where the views were read in a version that is behind that', async () => {
  expect(await begin('now', 3n, 5n)).toEqual(['ready 5', 'live behind 5']);
  expect(await begin({ behind: 2n }, 3n, 5n)).toEqual(['missed 2 to 5', 'ready 2', 'live behind 5']);
});

it('tells nothing that the client has seen, where the views were read in a version that is behind that', async () => {
  expect(await begin({ behind: 4n }, 3n, 0n)).toEqual(['missed 4 to 4', 'ready 4', 'live behind 4']);
});
