import { io } from 'socket.io-client';
import type { SocketNotice } from '../../contracts/sockets/notices.ts';

/** A client as `docs/api.md` describes it: it keeps its cursor, and comes again with it. */
export interface NoticeClient {
  /** About users, in the order of their arrival. */
  readonly heard: SocketNotice[];
  readonly prices: SocketNotice[];
  /** Why it had to read again. */
  readonly resyncs: string[];
  readonly connected: () => boolean;
  /** Cuts the connection; the library connects again by itself. */
  cut(): void;
  close(): void;
}

export const noticeClient = (url: string, token: () => string, cursor?: string): NoticeClient => {
  let from = cursor;
  let closed = false;
  const heard: SocketNotice[] = [];
  const prices: SocketNotice[] = [];
  const resyncs: string[] = [];
  const socket = io(url, {
    transports: ['websocket'],
    reconnectionDelay: 20,
    reconnectionDelayMax: 500,
    forceNew: true,
    auth: (give) => give({ token: token(), ...(from !== undefined && { cursor: from }) }),
  });
  socket.on('ready', (ready: { cursor: string }) => {
    from = ready.cursor;
  });
  socket.on('resync', ({ reason, cursor: next }: { reason: string; cursor: string }) => {
    resyncs.push(reason);
    from = next;
  });
  socket.onAny((event: string, notice: SocketNotice) => {
    if (event === 'price.updated') prices.push(notice);
    if (!event.startsWith('user.')) return;
    heard.push(notice);
    from = notice.position;
  });
  const again = () => {
    if (!closed) socket.connect();
  };
  // A gateway or a process that is away is asked again; a refusal is asked again too, with a token that may be newer.
  socket.on('connect_error', () => {
    if (!socket.active) setTimeout(again, 100).unref();
  });
  socket.on('disconnect', (reason) => {
    if (reason === 'io server disconnect') again();
  });
  return {
    heard,
    prices,
    resyncs,
    connected: () => socket.connected,
    cut: () => socket.io.engine.close(),
    close: () => {
      closed = true;
      socket.disconnect();
    },
  };
};

/** Positions that did not rise: a notice that came twice or out of order. */
export const outOfOrder = (heard: readonly SocketNotice[]): readonly string[] =>
  heard.flatMap(({ position }, index) =>
    index > 0 && BigInt(position) <= BigInt(heard[index - 1]!.position) ? [position] : [],
  );
