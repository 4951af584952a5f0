import type { EventStoreDBClient } from '@eventstore/db-client';
import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import grpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { DomainError } from '../../contracts/errors.ts';
import { storeUnavailable } from './store-unavailable.ts';

type Call = ReturnType<StreamsClient['batchAppend']>;

/** The parts of the client that its own appends are made of. */
interface CallMaker {
  readonly GRPCStreamCreator: (
    service: typeof StreamsClient,
    name: string,
    create: (service: StreamsClient) => Call,
  ) => () => Promise<Call>;
  readonly callArguments: (
    options: Record<never, never>,
    callOptions: { readonly deadline: number },
  ) => Parameters<StreamsClient['batchAppend']>;
}

interface Waiting {
  readonly resolve: (answer: BatchAppendResp) => void;
  readonly reject: (error: DomainError) => void;
}

/**
 * One BatchAppend call: any number of appends under way at once, each told apart by its id.
 *
 * The client's own `appendToStream` keeps the appends of all clients of the process in one table, empties it when any
 * call fails, and throws where nobody can catch it when an answer comes for which there is no entry. Here a call has its
 * own, and an answer that nobody waits for is passed over.
 */
export class AppendCall {
  readonly #waiting = new Map<string, Waiting>();
  readonly #call: Promise<Call>;
  #ended: DomainError | undefined;

  constructor(client: EventStoreDBClient) {
    const maker = client as unknown as CallMaker;
    this.#call = maker.GRPCStreamCreator(grpc.StreamsClient, 'appendToStream', (service) =>
      service
        .batchAppend(...maker.callArguments({}, { deadline: Number.POSITIVE_INFINITY }))
        .on('data', (answer: BatchAppendResp) => this.#answer(answer))
        .on('error', (error) => this.end(error))
        .on('end', () => this.end(new Error('the server ended the call'))),
    )();
    this.#call.catch((error) => this.end(error));
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** @throws DomainError 'store-unavailable' when the call ends first; nobody else says that time is up */
  send(id: string, request: BatchAppendReq): Promise<BatchAppendResp> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      this.#waiting.set(id, { resolve, reject });
      // A call that can't be made has ended, and has told everybody who waits.
      this.#call.then(
        (call) => this.#ended ?? call.write(request),
        () => undefined,
      );
    });
  }

  /** Tells everybody who waits that nobody knows what became of their append. */
  end(reason: unknown): void {
    if (this.#ended) return;
    const error = storeUnavailable(reason);
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#call.then(
      (call) => call.cancel(),
      () => undefined,
    );
  }

  #answer(answer: BatchAppendResp): void {
    const id = answer.getCorrelationId()?.getString() ?? '';
    this.#waiting.get(id)?.resolve(answer);
    this.#waiting.delete(id);
  }
}
