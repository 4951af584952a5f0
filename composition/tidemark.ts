import 'reflect-metadata';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { container as root } from 'tsyringe';
import { startCommandApi } from '../command-api/command-api.ts';
import { Sessions } from '../command-api/sessions/sessions.ts';
import { isSetUp } from '../command-api/setup/set-up.ts';
import type { Log } from '../contracts/ports/log.ts';
import { allTopics } from '../contracts/topics.ts';
import { AccessTokens } from '../http/access-tokens.ts';
import { createApp } from '../http/app.ts';
import { answerClientErrors } from '../http/client-errors.ts';
import { drain } from '../http/drain.ts';
import { createEndpoint } from '../http/endpoint.ts';
import { IdempotentRequests } from '../http/idempotency.ts';
import { startIngest } from '../ingest/ingest.ts';
import { startProjector } from '../projector/projector.ts';
import { queryApi } from '../query-api/query-api.ts';
import { startGateway } from '../query-api/sockets/gateway.ts';
import { addressKeyOf as addressKeyWith } from '../runtime/address-key.ts';
import { AdminRoster } from '../runtime/admins.ts';
import type { Configuration } from '../runtime/configuration.ts';
import { EventCodec } from '../runtime/event-codec.ts';
import { EventLog, upcasting } from '../runtime/event-log.ts';
import { followAccess } from '../runtime/follow-access.ts';
import { Lifecycle } from '../runtime/lifecycle.ts';
import { Metrics } from '../runtime/metrics.ts';
import { Passwords } from '../runtime/passwords.ts';
import { PersonalData } from '../runtime/personal-data.ts';
import { loadSecrets } from '../runtime/secrets.ts';
import { ports } from '../runtime/tokens.ts';
import { UnderWay } from '../runtime/under-way.ts';
import { registerEmbedded } from './embedded.ts';
import { registerGauges } from './gauges.ts';
import { healthChecks, socketsCheck } from './health-checks.ts';
import { refuseForeignVault } from './refuse-foreign-vault.ts';

export interface Tidemark {
  /** Where it listens. */
  readonly url: string;
  /** Makes the first admin; undefined once there has been one. */
  readonly setupToken: string | undefined;
  /** Answers what is under way, keeps what was acknowledged, and resolves when nothing of it runs. */
  stop(): Promise<void>;
}

/**
 * All four services in this process.
 * @throws Error when it can't start; what was started until then is stopped again
 */
export const startStandalone = async (configuration: Configuration, log: Log): Promise<Tidemark> => {
  const lifecycle = new Lifecycle(log);
  try {
    return await start(configuration, log, lifecycle);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
};

const start = async (configuration: Configuration, log: Log, lifecycle: Lifecycle): Promise<Tidemark> => {
  const container = root.createChildContainer();
  await registerEmbedded(container, configuration, lifecycle, log);
  const rawStore = container.resolve(ports.eventStore);
  const views = container.resolve(ports.viewStore);
  const vault = container.resolve(ports.vault);
  const bus = container.resolve(ports.bus);
  const cache = container.resolve(ports.cache);
  const scheduler = container.resolve(ports.scheduler);
  await bus.prepare(allTopics);

  // What every service shares.
  const secrets = await loadSecrets(vault);
  const personalData = new PersonalData(vault);
  const codec = new EventCodec(secrets.auditKey, personalData);
  const store = new EventLog(rawStore, codec);
  await refuseForeignVault(rawStore, codec);
  const events = upcasting(rawStore);
  const admins = new AdminRoster(events);
  const sessions = new Sessions(vault, store);
  const addressKeyOf = (email: string) => addressKeyWith(secrets.addressKey, email);
  const metrics = new Metrics();
  const tokens = await AccessTokens.open({
    signingKey: secrets.signingKey,
    issuer: configuration.TOKEN_ISSUER,
    audience: configuration.TOKEN_AUDIENCE,
    lives: (caller) => sessions.lives(caller),
  });
  const underWay = new UnderWay();
  const endpoint = createEndpoint({
    underWay,
    tokens,
    admins,
    idempotency: new IdempotentRequests(vault, secrets.idempotencyKey),
    storeId: store.id,
    log,
    observe: (operation, status, seconds) => metrics.observeRequest(operation, status, seconds),
  });
  // The directory is this process's alone, and so is all work that only one may do.
  const lease = { held: () => true };

  // The four services.
  const setupToken = configuration.SETUP_TOKEN ?? secrets.setupToken;
  const commandApi = startCommandApi(
    {
      store,
      vault,
      personalData,
      passwords: new Passwords({ longestQueue: configuration.PASSWORD_QUEUE }),
      sessions,
      tokens,
      admins,
      addressKeyOf,
      setupToken,
      secret: secrets.idempotencyKey,
      limits: {
        perAccount: configuration.SIGN_IN_FAILURES_PER_ACCOUNT,
        perAddress: configuration.SIGN_IN_FAILURES_PER_ADDRESS,
        windowSeconds: configuration.SIGN_IN_WINDOW_SECONDS,
      },
      scheduler,
      lease,
      log,
    },
    endpoint,
  );
  lifecycle.onStop('command-api', () => commandApi.stop());
  const projector = startProjector({
    events,
    views,
    cache,
    bus,
    log,
    priceTtlSeconds: configuration.PRICE_TTL_SECONDS,
  });
  lifecycle.onStop('projector', () => projector.stop());
  const ingest = startIngest({
    events: store,
    exchange: container.resolve(ports.exchange),
    scheduler,
    lease,
    symbols: configuration.SYMBOLS,
    acceptedSource: configuration.PRICE_SOURCE,
    streamIntervalMs: configuration.STREAM_INTERVAL_MS,
    pollIntervalMs: configuration.POLL_INTERVAL_SECONDS * 1_000,
    backfillMinutes: configuration.BACKFILL_MINUTES,
    log,
  });
  lifecycle.onStop('ingest', () => ingest.stop());
  const queries = queryApi({
    endpoint,
    views,
    progress: projector.progress,
    cache,
    personalData,
    addressKeyOf,
    symbols: configuration.SYMBOLS,
    source: configuration.PRICE_SOURCE,
    staleAfterMs: configuration.PRICE_STALE_SECONDS * 1_000,
    cacheTtlSeconds: configuration.PRICE_TTL_SECONDS,
    onLookup: (found) => metrics.countCache(found),
  });

  const parts = { rawStore, vault, projector, ingest, configuration };
  const app = createApp({
    routes: [...queries.routes, ...commandApi.routes],
    jwks: tokens.jwks,
    metrics,
    checks: [...healthChecks(parts), socketsCheck(() => gateway)],
    web: webDirectory,
    allowedOrigins: configuration.ALLOWED_ORIGINS,
    docs: configuration.DOCS,
    operations: configuration.OPERATIONS,
    trustedProxies: configuration.TRUSTED_PROXIES,
    log,
  });
  const server = createServer(app);
  answerClientErrors(server);
  const gateway = startGateway({
    httpServer: server,
    tokens,
    admins,
    users: queries.users,
    prices: queries.prices,
    views,
    bus,
    progress: projector.progress,
    storeId: store.id,
    notifyAudience: configuration.NOTIFY_AUDIENCE,
    allowedOrigins: configuration.ALLOWED_ORIGINS,
    log,
  });
  const unfollow = new AbortController();
  const following = followAccess(
    events,
    {
      sessionEnded: (sessionId) => {
        tokens.evictSession(sessionId);
        gateway.closeSession(sessionId);
      },
      userDeleted: (userId) => {
        tokens.evictUser(userId);
        gateway.closeUser(userId);
      },
      adminChanged: (userId, isAdmin) => gateway.setAdmin(userId, isAdmin),
    },
    log,
    unfollow.signal,
  );
  lifecycle.onStop('access', () => {
    unfollow.abort();
    return following;
  });
  registerGauges(metrics, { ...parts, sockets: () => gateway.connected });
  lifecycle.onStop('requests', () => underWay.idle());
  lifecycle.onStop('http', () => drain(server));
  // First: the server counts their connections as its own and would wait for them.
  lifecycle.onStop('sockets', () => gateway.stop());
  const url = await listen(server, configuration);
  return { url, setupToken: (await isSetUp(store)) ? undefined : setupToken, stop: () => lifecycle.stop() };
};

/** `web/` lies beside this folder in the sources, and a level further up from the build. */
const webDirectory = ['../web', '../../web']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find(existsSync);

const listen = async (server: Server, { HOST, PORT }: Configuration): Promise<string> => {
  server.listen(PORT, HOST);
  await once(server, 'listening');
  const anywhere = HOST === '0.0.0.0' || HOST === '::';
  const host = anywhere ? 'localhost' : HOST.includes(':') ? `[${HOST}]` : HOST;
  return `http://${host}:${(server.address() as AddressInfo).port}`;
};
