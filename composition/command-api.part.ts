import { startCommandApi } from '../command-api/command-api.ts';
import { Passwords } from '../runtime/passwords.ts';
import { ports } from '../runtime/tokens.ts';
import { policiesCheck } from './health-checks.ts';
import type { Part, PartNeeds } from './part.ts';

export const commandApiPart = async ({
  container,
  shared,
  configuration,
  lifecycle,
  log,
}: PartNeeds): Promise<Part> => {
  const { vault, secrets, endpoint } = shared;
  const setupToken = configuration.SETUP_TOKEN ?? secrets.setupToken;
  const commandApi = startCommandApi(
    {
      ...shared,
      passwords: new Passwords({ longestQueue: configuration.PASSWORD_QUEUE }),
      setupToken,
      secret: secrets.idempotencyKey,
      limits: {
        perAccount: configuration.SIGN_IN_FAILURES_PER_ACCOUNT,
        perAddress: configuration.SIGN_IN_FAILURES_PER_ADDRESS,
        windowSeconds: configuration.SIGN_IN_WINDOW_SECONDS,
      },
      limiters: container.resolve(ports.limiters),
      scheduler: container.resolve(ports.scheduler),
      lease: await container.resolve(ports.leases)('policies'),
      log,
    },
    endpoint,
  );
  lifecycle.onStop('command-api', () => commandApi.stop());
  return { routes: commandApi.routes, checks: [policiesCheck(vault)], setupToken };
};
