import type { Configuration } from '../runtime/configuration.ts';
import { allServices, type Service } from './services.ts';

/** What several processes must have in common. */
const shared = ['EVENTSTORE_URL', 'MONGO_URL', 'KAFKA_BROKERS', 'REDIS_URL', 'MASTER_KEY'] as const;

/**
 * One of several processes would see nothing of the others on stores of its own.
 * @throws Error that names the variables that are missing
 */
export const refuseLoneEmbedded = (services: readonly Service[], configuration: Configuration): void => {
  const missing = shared.filter((name) => configuration[name] === undefined);
  if (services.length === allServices.length || missing.length === 0) return;
  throw new Error(
    `${services.join(', ')} is one of several processes, and they share servers and a master key: set ${missing.join(', ')}`,
  );
};
