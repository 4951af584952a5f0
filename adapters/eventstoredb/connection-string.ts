/** What the client understands, and keeps to. It prints a URL with anything else to the console, password and all. */
const options = [
  ['tls', 'tlsCAFile', 'userCertFile', 'userKeyFile', 'connectionName', 'defaultDeadline'],
  ['keepAliveInterval', 'keepAliveTimeout', 'throwOnAppendFailure'],
  ['nodePreference', 'discoveryInterval', 'gossipTimeout', 'maxDiscoverAttempts'],
].flat();

const flat = (name: string) => name.toLowerCase().replace(/[_-]/g, '');

/**
 * Refuses what the client would take and not do. Says nothing of the URL's other parts: there is a password in it.
 * @throws Error
 */
export const refuseOtherOptions = (url: string): void => {
  for (const option of url.split(/[?&]/).slice(1)) {
    const name = option.split('=')[0] ?? '';
    if (!options.some((known) => flat(known) === flat(name))) {
      throw new Error(`the EventStoreDB URL’s option ${JSON.stringify(name)} is none of ${options.join(', ')}`);
    }
  }
};
