import { recordingLog } from '../../test/support/recording-log.ts';
import { Connection } from './connection.ts';

const failure = (url: string): Error => {
  try {
    new Connection(url, 1_000, recordingLog()).close();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was taken');
};

describe('a URL that can’t be used', () => {
  it.each([
    ['http://admin:hunter2@localhost:2113', 'can’t be used'],
    ['esdb://admin:hunter2@localhost:twenty', 'can’t be used'],
    ['esdb://admin:hunter2@localhost:2113?tls=maybe', 'can’t be used'],
    ['esdb://admin:hunter2@localhost:2113?tlsCAFile=/nowhere/ca.crt', 'Failed to load certificate file'],
    ['esdb://admin:hunter2@localhost:2113?tls=true&tlsVerifyCert=false', 'tlsVerifyCert'],
    ['esdb://admin:hunter2@localhost:2113?tsl=true', 'tsl'],
  ])('is refused without telling its password: %s', (url, reason) => {
    const error = failure(url);
    expect(error.message).toContain(reason);
    // Also not in what a log would print beside the message.
    expect(JSON.stringify([error.message, error.stack, { ...error }, error.cause])).not.toContain('hunter2');
  });
});

it('takes an option in any of the spellings that the client takes', () => {
  new Connection('esdb://localhost:2113?TLS=false&keep_alive-interval=10000', 1_000, recordingLog()).close();
});
