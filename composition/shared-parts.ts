import type { DependencyContainer } from 'tsyringe';
import { Sessions } from '../command-api/sessions/sessions.ts';
import { AccessTokens } from '../http/access-tokens.ts';
import { createEndpoint } from '../http/endpoint.ts';
import { IdempotentRequests } from '../http/idempotency.ts';
import { addressKeyOf as addressKeyWith } from '../runtime/address-key.ts';
import { AdminRoster } from '../runtime/admins.ts';
import { EventCodec } from '../runtime/event-codec.ts';
import { EventLog, upcasting } from '../runtime/event-log.ts';
import { Metrics } from '../runtime/metrics.ts';
import { PersonalData } from '../runtime/personal-data.ts';
import { loadSecrets } from '../runtime/secrets.ts';
import { ports } from '../runtime/tokens.ts';
import { UnderWay } from '../runtime/under-way.ts';
import { refuseForeignVault } from './refuse-foreign-vault.ts';
import type { StartNeeds } from './start-needs.ts';

/**
 * What the services of one process share: the events, opened or sealed, who may do what, and the road of a request.
 * @throws Error when the vault is not the one that belongs to the events; DomainError 'store-unavailable'
 */
export const openSharedParts = async (container: DependencyContainer, { configuration, log }: StartNeeds) => {
  const rawStore = container.resolve(ports.eventStore);
  const vault = container.resolve(ports.vault);
  const secrets = await loadSecrets(vault);
  const personalData = new PersonalData(vault);
  const codec = new EventCodec(secrets.auditKey, personalData);
  await refuseForeignVault(rawStore, codec);
  const store = new EventLog(rawStore, codec);
  const events = upcasting(rawStore);
  const admins = new AdminRoster(events);
  const sessions = new Sessions(vault, store);
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
    deadlineMs: configuration.REQUEST_DEADLINE_MS,
    log,
    observe: (operation, status, seconds) => metrics.observeRequest(operation, status, seconds),
  });
  return {
    rawStore,
    vault,
    secrets,
    personalData,
    /** Opens personal fields, seals and chains what is appended. */
    store,
    /** Personal fields stay sealed. */
    events,
    admins,
    sessions,
    metrics,
    tokens,
    underWay,
    endpoint,
    addressKeyOf: (email: string) => addressKeyWith(secrets.addressKey, email),
  };
};
export type SharedParts = Awaited<ReturnType<typeof openSharedParts>>;
