import { randomUUID } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import type { Bus } from '../../contracts/ports/bus.ts';
import type { ViewStore } from '../../contracts/ports/view-store.ts';
import { pricesTopic, usersTopic } from '../../contracts/topics.ts';
import type { PriceReader } from '../prices/price-reader.ts';
import type { UserReader } from '../users/user-reader.ts';
import { type AcceptNeeds, acceptSockets } from './accept-sockets.ts';
import { followTopic } from './follow-topic.ts';
import { NoticeBacklog } from './notice-backlog.ts';
import { PriceNotices } from './price-notices.ts';
import { SocketRooms } from './socket-rooms.ts';
import { createSocketServer, cutAll } from './socket-server.ts';
import { UserNotices } from './user-notices.ts';

export interface GatewayNeeds extends Pick<AcceptNeeds, 'tokens' | 'admins' | 'progress' | 'storeId' | 'log'> {
  readonly httpServer: HttpServer;
  readonly views: ViewStore;
  readonly bus: Bus;
  readonly users: UserReader;
  readonly prices: PriceReader;
  /** Whether others than the user and the admins hear, of an id only. */
  readonly notifyAudience: 'concerned' | 'everyone';
  /** Of pages from elsewhere that may connect, e.g. `https://app.example.com`. Our own host always may. */
  readonly allowedOrigins: readonly string[];
}

export interface Gateway {
  /** Whether every notice that is published from now on reaches the sockets. */
  readonly ready: boolean;
  /** Sockets that are connected. */
  readonly connected: number;
  /** Closes the session's sockets at once, but for those that `closeUser` lets hear their last word. */
  closeSession(sessionId: string): void;
  /** Closes the user's sockets when they have heard that the user is deleted, a second from now at the latest. */
  closeUser(userId: string): void;
  /** From now on the user's sockets hear of everyone, or don't any more. */
  setAdmin(userId: string, admin: boolean): void;
  /** Cuts all connections; resolves when nothing runs any more. The HTTP server stays. */
  stop(): Promise<void>;
}

/** Accepts sockets on `/socket.io` of the HTTP server, and tells them what happens. */
export const startGateway = (needs: GatewayNeeds): Gateway => {
  const { httpServer, views, bus, progress, users, prices, notifyAudience, allowedOrigins, log } = needs;
  const stopping = new AbortController();
  const { signal } = stopping;
  const server = createSocketServer(allowedOrigins, signal);
  const rooms = new SocketRooms(server);
  const backlog = new NoticeBacklog(views, progress);
  const userNotices = new UserNotices({ rooms, backlog, users, everyone: notifyAudience === 'everyone', log });
  const priceNotices = new PriceNotices(rooms, prices, log);
  acceptSockets(server, { ...needs, backlog, userNotices, priceNotices });
  server.attach(httpServer);

  const joined = { users: false, prices: false };
  const instance = randomUUID();
  const loops = [
    followTopic(
      {
        ...{ bus, log, signal },
        topic: usersTopic,
        group: `sockets-users-${instance}`,
        prepare: () => userNotices.prepare(),
        onReady: (ready) => {
          joined.users = ready;
        },
      },
      (message) => userNotices.handle(message),
    ),
    followTopic(
      {
        ...{ bus, log, signal },
        topic: pricesTopic,
        group: `sockets-prices-${instance}`,
        onReady: (ready) => {
          joined.prices = ready;
        },
      },
      (message) => priceNotices.handle(message),
    ),
  ];

  return {
    get ready() {
      return joined.users && joined.prices;
    },
    get connected() {
      return server.sockets.sockets.size;
    },
    closeSession: (sessionId) => {
      for (const socket of rooms.in(`session:${sessionId}`)) socket.closeWithSession();
    },
    closeUser: (userId) => {
      for (const socket of rooms.of(userId)) socket.closeWithUser(false);
    },
    setAdmin: (userId, admin) => {
      for (const socket of rooms.of(userId)) socket.setAdmin(admin, 'said');
    },
    stop: async () => {
      stopping.abort();
      await cutAll(server);
      await Promise.all(loops);
    },
  };
};
