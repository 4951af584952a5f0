import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { allProjections } from '../projector/all.projection.ts';
import { queryApi } from '../query-api/query-api.ts';
import { type Gateway, startGateway } from '../query-api/sockets/gateway.ts';
import type { ServedViews } from '../runtime/served-views.ts';
import { ports } from '../runtime/tokens.ts';
import { untilAvailable } from '../runtime/until-available.ts';
import { servedViewsCheck, socketsCheck, viewStoreCheck } from './health-checks.ts';
import type { Part, PartNeeds } from './part.ts';

export const queryApiPart = async (needs: PartNeeds): Promise<Part> => {
  const { container, shared, configuration, log } = needs;
  const views = container.resolve(ports.viewStore);
  const progress = container.resolve(ports.progress);
  await followServed(progress.served, needs);
  const queries = queryApi({
    ...shared,
    views,
    progress,
    cache: container.resolve(ports.cache),
    symbols: configuration.SYMBOLS,
    source: configuration.PRICE_SOURCE,
    staleAfterMs: configuration.PRICE_STALE_SECONDS * 1_000,
    cacheTtlSeconds: configuration.PRICE_TTL_SECONDS,
    onLookup: (found) => shared.metrics.countCache(found),
  });
  let gateway: Gateway | undefined;
  shared.metrics.gauge('sockets_connected', 'Open sockets', 'gateway', () => [['socket.io', gateway?.connected ?? 0]]);
  return {
    routes: queries.routes,
    checks: [viewStoreCheck(views), servedViewsCheck(progress.served), socketsCheck(() => gateway ?? { ready: false })],
    web: webDirectory,
    startGateway: (httpServer) => {
      gateway = startGateway({
        ...shared,
        httpServer,
        users: queries.users,
        prices: queries.prices,
        views,
        bus: container.resolve(ports.bus),
        progress,
        storeId: shared.store.id,
        notifyAudience: configuration.NOTIFY_AUDIENCE,
        allowedOrigins: configuration.ALLOWED_ORIGINS,
        log,
      });
      return gateway;
    },
  };
};

/** Which version of each view is read. A projector in this process follows that by itself. */
const followServed = async (served: ServedViews, { services, lifecycle, log, stopping }: PartNeeds): Promise<void> => {
  if (services.includes('projector')) return;
  served.know(allProjections);
  await untilAvailable('the view store', () => served.refresh(), log, stopping);
  const unfollow = new AbortController();
  const following = served.follow(log, unfollow.signal);
  lifecycle.onStop('served views', () => {
    unfollow.abort();
    return following;
  });
};

/** `web/` lies beside this folder in the sources, and a level further up from the build. */
const webDirectory = ['../web', '../../web']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find(existsSync);
