import { io } from '/socket.io/socket.io.esm.min.js';

const retryMs = 5_000;
const userTypes = ['user.created', 'user.updated', 'user.deleted'];

/**
 * Listens from the cursor on, and comes back with the last one after every interruption.
 * `onUser` and `onPrice` hear notices, `onReady` that it is connected, `onResync` that all must be read again.
 */
export const listen = ({ session, cursor, onUser, onPrice, onReady, onResync, onAway }) => {
  let at = cursor;
  let timer;
  let stopped = false;
  const socket = io({ auth: (give) => give({ token: session.accessToken, cursor: at }) });
  const again = () => {
    if (!stopped) socket.connect();
  };
  const soon = () => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(again, retryMs);
  };
  // The session itself says when it has ended; anything else passes.
  const withNewToken = () => session.refresh().then(again, soon);

  for (const type of userTypes) {
    socket.on(type, (notice) => {
      at = `${at.split('.')[0]}.${notice.position}`;
      onUser(notice);
    });
  }
  socket.on('price.updated', onPrice);
  socket.on('ready', (ready) => {
    at = ready.cursor;
    onReady();
  });
  socket.on('resync', (resync) => {
    at = resync.cursor;
    onResync();
  });
  socket.on('disconnect', (reason) => {
    onAway();
    if (reason === 'io server disconnect' && session.accessToken) withNewToken();
  });
  socket.on('connect_error', (error) => {
    onAway();
    // While the network is away the library tries again by itself; after a refusal it does not.
    if (socket.active) return;
    if (error.data?.code === 'not-authenticated') return withNewToken();
    if (error.data?.code === 'bad-cursor') at = undefined;
    soon();
  });

  return {
    /** With the token as it is now. */
    reconnect: () => {
      socket.disconnect();
      again();
    },
    /** For good: nothing is heard afterwards, and what is under way connects no more. */
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      socket.off().disconnect();
    },
  };
};
