import { type Filter, streamNameFilter } from '@eventstore/db-client';

type FilterOptions = Pick<Filter, 'maxSearchWindow' | 'checkpointReached'>;

/** Names that begin with the one are the server's own, with the other this adapter's. */
const [ofTheServer, ofTheAdapter] = ['$', ':'];

/** Can't be written in UTF-8, so that two names would become one. */
export const loneSurrogate = /\p{Surrogate}/u;

/** Which of a server's streams are this store's, and what they are called there. */
export class StreamNames {
  /** Where the store's own name is kept, beyond the reach of the port. */
  readonly identity: string;
  readonly #prefix: string;

  /** @throws Error for a namespace that could be taken for another's */
  constructor(namespace = '') {
    // `a.` must not be the beginning of another namespace's streams.
    if (!/^[\w-]*$/.test(namespace)) throw new Error('a namespace is made of letters, digits, _ and -');
    this.#prefix = namespace && `${namespace}.`;
    this.identity = `${namespace}${ofTheAdapter}store`;
  }

  /** @throws Error for what can't be a stream's name; an append to some of these stops the server */
  inStore(stream: string): string {
    const name = this.#prefix + stream;
    if (stream === '' || loneSurrogate.test(stream) || this.ours(name) === undefined) {
      throw new Error(`a stream can't have this name: ${JSON.stringify(stream)}`);
    }
    return name;
  }

  /** What the port calls this stream; undefined when it isn't this store's. */
  ours(name: string): string | undefined {
    if (this.#prefix) return name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : undefined;
    return name.startsWith(ofTheServer) || name.startsWith(ofTheAdapter) ? undefined : name;
  }

  /** Has the server leave out most of what isn't asked for; `ours` and the port's own comparison do the rest. */
  filter(streams: readonly string[] | undefined, options: FilterOptions): Filter {
    const prefixes = (streams ?? ['']).map((start) => this.#prefix + start);
    // The server takes an empty prefix for none.
    return prefixes.includes('')
      ? streamNameFilter({ ...options, regex: `^[^${ofTheServer}${ofTheAdapter}]` })
      : streamNameFilter({ ...options, prefixes });
  }
}
