import { DomainError, isDomainError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/ports/log.ts';
import type { Caller } from '../../http/route.ts';
import { Admissions } from './admissions.ts';
import { type AnySocket, ConnectedSocket, type SocketServer } from './connected-socket.ts';
import { problemFor, readAuth, refusal } from './handshake.ts';
import { type StartNeeds, startSocket } from './start-socket.ts';

export interface AcceptNeeds extends StartNeeds {
  /** Fails with DomainError 'not-authenticated'. */
  readonly tokens: { verify(token: string): Promise<Caller> };
  readonly admins: { isAdmin(userId: string): Promise<boolean> };
  readonly log: Log;
}

const mostProblems = 10;

/** Lets in who has a token, into the rooms that are theirs. */
export const acceptSockets = (server: SocketServer, needs: AcceptNeeds): void => {
  const { tokens, admins, storeId, log } = needs;
  const admissions = new Admissions();

  const admit = async (socket: AnySocket): Promise<void> => {
    const { token, start } = readAuth(socket.handshake.auth, storeId);
    const caller = await tokens.verify(token);
    admissions.admit(caller.userId, socket);
    Object.assign(socket.data, { caller, token, start });
  };
  server.use((socket, next) => {
    admit(socket).then(
      () => next(),
      (error) => {
        if (!isDomainError(error)) log.error({ err: error }, 'a socket could not be let in');
        next(refusal(error));
      },
    );
  });

  const begin = async (socket: AnySocket, connected: ConnectedSocket): Promise<void> => {
    // Again, now that it is in its rooms: what ended or changed in between didn't find it there.
    const { userId } = await tokens.verify(socket.data.token);
    connected.setAdmin(await admins.isAdmin(userId), 'asked');
    await startSocket(connected, socket.data.start, needs);
  };
  server.on('connection', (socket) => {
    const connected = new ConnectedSocket(socket);
    socket.data.connected = connected;
    void socket.join([`user:${connected.caller.userId}`, `session:${connected.caller.sessionId}`]);
    refuseEvents(socket, connected);
    begin(socket, connected).catch((error) => {
      if (isDomainError(error, 'not-authenticated')) return connected.close(error);
      log.warn({ err: error }, 'a socket could not begin and is cut: it may come again');
      connected.drop();
    });
  });
};

/** Clients have nothing to say. One that goes on all the same is closed. */
const refuseEvents = (socket: AnySocket, connected: ConnectedSocket): void => {
  let problems = 0;
  const refuse = () => {
    if (++problems > mostProblems) connected.close();
    else socket.emit('problem', problemFor(new DomainError('malformed-request')));
  };
  // Whatever is sent stops here.
  socket.use(refuse);
  socket.on('error', refuse);
};
