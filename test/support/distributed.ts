import { randomBytes, randomUUID } from 'node:crypto';
import { connectMongo } from '../../adapters/mongodb/mongo-connection.ts';
import { MongoVault } from '../../adapters/mongodb/mongo-vault.ts';
import type { Service } from '../../composition/services.ts';
import { sealedVault } from '../../runtime/sealed-vault.ts';
import { startGateway } from './gateway.ts';
import { recordingLog } from './recording-log.ts';
import { type ServiceProcess, startService, untilReady } from './service-process.ts';

/** An installation of its own on the servers that all tests share. */
export const newInstallation = () => {
  const name = `test-${randomUUID().slice(0, 18)}`;
  const mongo = new URL(process.env.MONGO_URL!);
  mongo.pathname = `/${name}`;
  return {
    EVENTSTORE_URL: process.env.EVENTSTORE_URL!,
    MONGO_URL: String(mongo),
    KAFKA_BROKERS: process.env.KAFKA_BROKERS!,
    REDIS_URL: process.env.REDIS_URL!,
    NAMESPACE: name,
    MASTER_KEY: randomBytes(32).toString('base64'),
    SETUP_TOKEN: randomBytes(18).toString('base64url'),
    HOST: '127.0.0.1',
    // The gateway.
    TRUSTED_PROXIES: '1',
  };
};

/** The vault's database, beside the views' that the URL names. */
export const vaultDatabase = (mongoUrl: string): string => `${new URL(mongoUrl).pathname.slice(1)}-vault`;

export type Installation = ReturnType<typeof newInstallation> & Readonly<Record<string, string>>;

const oneOfEach: Readonly<Record<Service, number>> = { 'command-api': 1, 'query-api': 1, projector: 1, ingest: 1 };

/** Everything as processes of its own behind the gateway, on real servers. */
export const startDistributed = async (
  environment: Readonly<Record<string, string>>,
  counts: Partial<Record<Service, number>> = {},
) => {
  const installation: Installation = { ...newInstallation(), ...environment };
  const processes: ServiceProcess[] = [];
  const start = async (service: Service, more: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> => {
    const started = await startService(service, { ...installation, ...more });
    processes.push(started);
    return started;
  };
  const of = (service: Service) => processes.filter((one) => one.service === service);
  const services = Object.entries({ ...oneOfEach, ...counts }) as [Service, number][];
  try {
    const starting = services.flatMap(([service, count]) => Array.from({ length: count }, () => start(service)));
    // All have an end before one that failed is told of, or the others would be left behind.
    const failed = (await Promise.allSettled(starting)).find(({ status }) => status === 'rejected');
    if (failed) await Promise.all(starting);
    await Promise.all(processes.map(untilReady));
    const gateway = await startGateway({
      caddy: process.env.CADDY!,
      commandApis: of('command-api').map(({ url }) => url),
      queryApis: of('query-api').map(({ url }) => url),
    });
    return {
      url: gateway.url,
      setupToken: installation.SETUP_TOKEN,
      installation,
      start,
      /** Those that run as this service, in the order of their start. */
      of,
      /** The vault, beside the processes. */
      openVault: async () => {
        const connection = connectMongo({
          url: installation.MONGO_URL,
          database: vaultDatabase(installation.MONGO_URL),
          log: recordingLog(),
        });
        const masterKey = Buffer.from(installation.MASTER_KEY, 'base64');
        return {
          vault: await sealedVault(new MongoVault(connection), masterKey),
          close: () => connection.close(),
        };
      },
      logged: () => processes.map(({ printed }) => printed()).join('\n'),
      halt: async () => {
        await gateway.stop();
        await Promise.all(processes.map((one) => one.stop()));
      },
    };
  } catch (error) {
    await Promise.all(processes.map((one) => one.stop('SIGKILL')));
    throw error;
  }
};
export type Distributed = Awaited<ReturnType<typeof startDistributed>>;
