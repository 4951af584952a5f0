import { setMaxListeners } from 'node:events';
import { EventStoreDBClient } from '@eventstore/db-client';
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { DomainError } from '../../contracts/errors.ts';
import { AppendCall } from './append-call.ts';
import { noAnswer } from './store-unavailable.ts';

/** The parts of the client that it keeps to itself. */
interface ClientParts {
  readonly getChannel: () => Promise<{ close(): void }>;
  handleError: (service: unknown, error: Error) => Promise<void>;
}

/** One client and all that runs on it. When something is not answered in time, everything on it is given up. */
export class Link {
  readonly client: EventStoreDBClient;
  readonly deadlineMs: number;
  readonly #parts: ClientParts;
  readonly #lost = new AbortController();
  #appends: AppendCall | undefined;

  constructor(url: string, deadlineMs: number) {
    this.client = EventStoreDBClient.connectionString(url);
    this.deadlineMs = deadlineMs;
    this.#parts = this.client as unknown as ClientParts;
    // Nobody waits for this, so that the process would end where none of several addresses answers. The next call tells.
    const { handleError } = this.#parts;
    this.#parts.handleError = (service, error) => handleError(service, error).catch(() => undefined);
    // One listener a call under way.
    setMaxListeners(0, this.#lost.signal);
  }

  /** Aborts when the link is given up, with a DomainError 'store-unavailable' as its reason. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** @throws DomainError 'store-unavailable' within the deadline */
  async append(id: string, request: BatchAppendReq): Promise<BatchAppendResp> {
    this.lost.throwIfAborted();
    if (!this.#appends || this.#appends.hasEnded) this.#appends = new AppendCall(this.client);
    // The server doesn't answer every append, and the client would wait for ever.
    const timer = setTimeout(() => this.lose(noAnswer(this.deadlineMs)), this.deadlineMs);
    try {
      return await this.#appends.send(id, request);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends what runs here. The next link gets a connection of its own, since this one may be dead without knowing. */
  lose(reason: DomainError): void {
    if (this.lost.aborted) return;
    this.#lost.abort(reason);
    this.#appends?.end(reason);
    // Not awaited: where no server could be found yet, the client is still looking.
    this.client.dispose().catch(() => undefined);
    this.#parts.getChannel().then(
      (channel) => channel.close(),
      () => undefined,
    );
  }
}
