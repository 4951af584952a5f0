import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import { InProcessBus } from '../../adapters/memory/in-process-bus.ts';
import { MemoryCache } from '../../adapters/memory/memory-cache.ts';
import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import { grantAdmin, revokeAdmin } from '../../command-api/admins/appointments.ts';
import { DomainError } from '../../contracts/errors.ts';
import { tickStream } from '../../contracts/events/price-events.ts';
import { userStream } from '../../contracts/events/stream-names.ts';
import type { Cache } from '../../contracts/ports/cache.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import type { ViewStore } from '../../contracts/ports/view-store.ts';
import type { VersionedView } from '../../contracts/projection.ts';
import type { SocketNotice } from '../../contracts/sockets/notices.ts';
import type { Caller } from '../../http/route.ts';
import { notices } from '../../projector/notices/notice.projection.ts';
import { startProjector } from '../../projector/projector.ts';
import { userProfiles } from '../../projector/users/user-profile.projection.ts';
import { PriceReader } from '../../query-api/prices/price-reader.ts';
import { type GatewayNeeds, startGateway } from '../../query-api/sockets/gateway.ts';
import { UserReader } from '../../query-api/users/user-reader.ts';
import { AdminRoster } from '../../runtime/admins.ts';
import { upcasting } from '../../runtime/event-log.ts';
import { ServedViews } from '../../runtime/served-views.ts';
import { ViewProgress } from '../../runtime/view-progress.ts';
import { eventually } from './eventually.ts';
import { asCommand, type People, peopleOver } from './people.ts';
import { recordingLog } from './recording-log.ts';

export const source = 'test';

/** What a client hears beside notices. */
export interface StageNews {
  readonly event: string;
  readonly value: {
    readonly code?: string;
    readonly title?: string;
    readonly cursor?: string;
    readonly reason?: string;
  };
}
export interface StageClient {
  readonly socket: Socket;
  /** Sent at the next connection. */
  token: string;
  cursor: unknown;
  readonly heard: SocketNotice[];
  readonly prices: SocketNotice[];
  readonly other: StageNews[];
}

/** What several stages share that are as many processes of one installation. */
export const stageInstallation = (views: ViewStore = new MemoryViewStore(), people: People = peopleOver()) => ({
  ...{ views, people, events: upcasting(people.rawStore) },
  ...{ cache: new MemoryCache() as Cache, bus: new InProcessBus({ redeliveryMs: 10 }) },
});
type StageInstallation = ReturnType<typeof stageInstallation>;

/** The views of a stage that has the projector in its own process. */
const projecting = async ({ events, views, cache, bus }: StageInstallation) => {
  const projector = startProjector({ events, views, cache, bus, log: recordingLog(), priceTtlSeconds: 60 });
  return { progress: projector.progress, stop: () => projector.stop() };
};

/** The views of a stage that knows these versions, and has the projector elsewhere. */
const following = async ({ views }: StageInstallation, known: readonly VersionedView[]) => {
  const served = new ServedViews(views, known);
  await served.refresh();
  const stopping = new AbortController();
  const ended = served.follow(recordingLog(), stopping.signal);
  const stop = () => {
    stopping.abort();
    return ended;
  };
  return { progress: new ViewProgress(views, { served }), stop };
};

/** The sockets over HTTP: with the projector, or, where `known` tells the views' versions, with the projector elsewhere. */
export const socketStage = async (
  given: Partial<GatewayNeeds> = {},
  installation: StageInstallation = stageInstallation(),
  known?: readonly VersionedView[],
) => {
  const log = recordingLog();
  const { people, views, cache, bus } = installation;
  const projections = known ? await following(installation, known) : await projecting(installation);
  const { progress } = projections;
  const users = new UserReader(views, progress, people.personalData);
  const prices = new PriceReader({ views, progress, cache, symbols: ['BTCUSDT', 'ETHUSDT'], source });
  const callers = new Map<string, Caller>();
  const tokens = {
    verify: async (token: string) => {
      const caller = callers.get(token);
      if (!caller || caller.expiresAtMs <= Date.now()) throw new DomainError('not-authenticated');
      return caller;
    },
  };
  const httpServer = createServer();
  httpServer.listen(0, '127.0.0.1');
  await once(httpServer, 'listening');
  const gateway = startGateway({
    httpServer,
    tokens,
    admins: new AdminRoster(people.store),
    ...{ views, bus, progress, users, prices, log },
    storeId: people.store.id,
    notifyAudience: 'concerned',
    allowedOrigins: [],
    ...given,
  });
  await eventually(() => gateway.ready);
  const url = `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
  const clients: Socket[] = [];
  let minutes = 0;

  const token = (userId: string, { sessionId = randomUUID() as string, lastsMs = 600_000 } = {}): string => {
    const secret = randomUUID();
    callers.set(secret, { userId, sessionId, expiresAtMs: Date.now() + lastsMs });
    return secret;
  };
  const client = (userId: string, secret = token(userId), options: object = {}): StageClient => {
    const socket = io(url, {
      transports: ['websocket'],
      autoConnect: false,
      reconnectionDelay: 10,
      reconnectionDelayMax: 50,
      forceNew: true,
      ...options,
      auth: (give) => give({ token: made.token, ...(made.cursor !== undefined && { cursor: made.cursor }) }),
    });
    const heard: SocketNotice[] = [];
    const prices: SocketNotice[] = [];
    const other: StageNews[] = [];
    const made: StageClient = { token: secret, cursor: undefined, socket, heard, prices, other };
    socket.onAny((event: string, value: StageNews['value'] & SocketNotice) => {
      if (event === 'price.updated') prices.push(value);
      else if (event.startsWith('user.')) {
        heard.push(value);
        made.cursor = value.position;
      } else {
        other.push({ event, value });
        if (event === 'ready' || event === 'resync') made.cursor = value.cursor;
      }
    });
    socket.on('connect_error', (error) =>
      other.push({ event: 'connect_error', value: (error as { data?: object }).data ?? {} }),
    );
    socket.on('disconnect', (reason) => other.push({ event: 'disconnect', value: { reason } }));
    clients.push(socket);
    return made;
  };

  return {
    ...people,
    ...{ log, views, bus, progress, users, prices, gateway, url, callers },
    /** Without hashing a password. */
    create: async (name = 'Somebody'): Promise<string> => {
      const userId = randomUUID();
      await people.personalData.createKey(userId);
      const email = `${userId}@example.com`;
      const data = { email, name, addressKey: people.addressKeyOf(email), reservationId: randomUUID() };
      await people.store.append(userStream(userId), 'none', [
        { id: randomUUID(), type: 'user.created', data, metadata: asCommand() },
      ]);
      return userId;
    },
    grant: async (userId: string) => {
      await grantAdmin(people.store, userId, asCommand());
      gateway.setAdmin(userId, true);
    },
    revoke: async (userId: string) => {
      await revokeAdmin(people.store, userId, asCommand());
      gateway.setAdmin(userId, false);
    },
    /** A price of each call's own minute. */
    tick: async (symbol: string, price: string): Promise<Position> => {
      const timeMs = Date.now() + minutes++;
      const stream = tickStream(source, symbol, timeMs);
      const last = await people.store.readLast(stream);
      const data = { source, symbol, price, timeMs, origin: 'stream' };
      const event = { id: randomUUID(), type: 'price.ticked', data, metadata: asCommand() };
      return (await people.store.append(stream, last?.revision ?? 'none', [event])).position;
    },
    token,
    /** A client of this user, not connected yet: what it hears, and the cursor that it would come back with. */
    client,
    /** The same, connected and told where it begins. */
    connect: async (userId: string, secret?: string, options?: object): Promise<StageClient> => {
      const made = client(userId, secret, options);
      made.socket.connect();
      await eventually(() => made.other.some(({ event }) => event === 'ready'));
      return made;
    },
    /** Until users and notices have seen all events. */
    settled: async (): Promise<void> => {
      const head = await people.store.head();
      for (const view of [userProfiles, notices]) await eventually(() => progress.waitUntil(view, head));
    },
    stop: async (): Promise<void> => {
      // Also with sockets open: the server closes only when none is left.
      await gateway.stop();
      for (const socket of clients) socket.disconnect();
      const closed = once(httpServer, 'close');
      httpServer.close();
      await closed;
      await projections.stop();
    },
  };
};
export type SocketStage = Awaited<ReturnType<typeof socketStage>>;
