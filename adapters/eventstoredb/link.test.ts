import { UnavailableError } from '@eventstore/db-client';
import { Link } from './link.ts';
import { closedError } from './store-unavailable.ts';

it('lives on when none of several addresses answers while older calls fail', async () => {
  const link = new Link('esdb://127.0.0.1:1,127.0.0.1:2?tls=false&maxDiscoverAttempts=1', 1_000);
  const looking = new Promise<Error>((resolve) => link.client.readAll().on('error', resolve).resume());
  const { handleError } = link.client as unknown as { handleError(service: unknown, error: Error): Promise<void> };
  // As the client does, without waiting for it, with each call that the server drops.
  const handled = handleError({ getChannel: () => undefined }, new UnavailableError());
  expect((await looking).message).toContain('Failed to discover');
  await handled;
  link.lose(closedError());
});
