import type { EventStore, Position, RecordedEvent } from '../contracts/ports/event-store.ts';
import type { Log } from '../contracts/ports/log.ts';
import type { RowChange, ViewDefinition, ViewStore } from '../contracts/ports/view-store.ts';
import { BackOff } from './back-off.ts';
import { type AnyProjection, type Folded, Folding, isUnknownKey } from './fold-batch.ts';
import { ParkedKeys } from './parked-keys.ts';
import { readMatching } from './read-matching.ts';

export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  /** How far the view is; undefined before its first batch. */
  readonly checkpoint: Position | undefined;
  /** Has everything that was there when it began. False again while it fails. */
  readonly caughtUp: boolean;
  /** How many keys wait behind an event that could not be folded. */
  readonly parked: number;
  /** Attempts that failed since the last that went well. */
  readonly failures: number;
}

export interface ProjectionOptions {
  readonly projection: AnyProjection;
  /** Where its rows lie; under its own name when absent. */
  readonly place?: ViewDefinition | undefined;
  readonly events: EventStore;
  readonly views: ViewStore;
  readonly log: Log;
  readonly signal: AbortSignal;
  /**
   * Hears of every batch that is kept, and of catching up. Must not wait: what takes time is for a loop of its own. A
   * row that another projector has taken further may come here as it was.
   */
  readonly afterCommit?: (changes: readonly RowChange[], status: ProjectionStatus) => void;
  readonly backOff?: BackOff;
}

export interface RunningProjection {
  readonly view: ViewDefinition;
  readonly status: ProjectionStatus;
  /**
   * Folds a parked key's events anew, from the one that it is parked at. Answers whether the key is free now.
   * @throws Error when nobody knows which key waits; DomainError 'store-unavailable' (the key stays parked, either way)
   */
  retryParked(key: string): Promise<boolean>;
  /** Resolves when the signal has aborted and the batch under way is done. Never rejects. */
  readonly ended: Promise<void>;
}

const batchSize = 1_000;

/** Keeps a view up to date with the events until the signal aborts. No failure of a store or a rule ends it. */
export const runProjection = (options: ProjectionOptions): RunningProjection => new ProjectionRun(options);

class ProjectionRun implements RunningProjection {
  readonly view: ViewDefinition;
  readonly ended: Promise<void>;
  readonly #options: ProjectionOptions;
  readonly #folding: Folding;
  readonly #parked: ParkedKeys;
  readonly #backOff: BackOff;
  #checkpoint: Position | undefined;
  /** Where the events ended when it began to follow them: under load they never end. */
  #head: Position = 0n;
  #caughtUp = false;
  #failures = 0;
  /** A batch and a retry of a parked key take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ProjectionOptions) {
    this.view = options.place ?? options.projection;
    this.#options = options;
    this.#folding = new Folding(options.projection);
    this.#parked = new ParkedKeys(options.views, this.view);
    this.#backOff = options.backOff ?? new BackOff();
    this.ended = this.#run(options.signal);
  }

  get status(): ProjectionStatus {
    const { name, version } = this.#options.projection;
    return {
      name,
      version,
      checkpoint: this.#checkpoint,
      caughtUp: this.#caughtUp,
      parked: this.#parked.positions.size,
      failures: this.#failures,
    };
  }

  async retryParked(key: string): Promise<boolean> {
    const parkedAt = this.#parked.positions.get(key);
    if (parkedAt === undefined) return true;
    // Whichever key the event was for has gone on without it.
    if (isUnknownKey(key)) throw new Error(`the view ${this.view.name} needs a rebuild: ${key} is not one of its keys`);
    // Most of the way without holding up the view.
    const [before, early] = [parkedAt > 0n ? parkedAt - 1n : undefined, this.#checkpoint];
    const first = await this.#read(key, before, early);
    return this.#inTurn(async () => {
      const rest = await this.#read(key, early ?? before, this.#checkpoint);
      const folded = await this.#fold([...first, ...rest], new Map());
      const upTo = this.#checkpoint ?? 0n;
      await this.#options.views.apply(this.view, folded.changes, upTo);
      const [poison] = folded.poisons;
      if (poison) await this.#parked.stayParked(poison, upTo);
      else await this.#parked.free(key, upTo);
      this.#tellParked(folded);
      this.#announce(folded.changes);
      return !poison;
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        this.#failures++;
        this.#options.log.warn(
          { err: error, view: this.view.name, version: this.view.version },
          'the projection failed and goes on after a pause',
        );
      }
      this.#caughtUp = false;
      await this.#backOff.pause(signal);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { events, views, projection } = this.#options;
    await views.prepare(this.view);
    this.#head = await events.head();
    await this.#inTurn(async () => {
      const checkpoint = await views.checkpoint(this.view);
      await this.#parked.load();
      this.#checkpoint = checkpoint;
    });
    let batch: RecordedEvent[] = [];
    const commit = async (checkpoint: Position) => {
      await this.#inTurn(() => this.#commit(batch, checkpoint));
      batch = [];
    };
    for await (const item of events.subscribe({ after: this.#checkpoint, streams: projection.streams, signal })) {
      if (item.type === 'event') {
        batch.push(item.event);
        if (batch.length >= batchSize) await commit(item.event.position);
      } else if (item.type === 'checkpoint') {
        await commit(item.position);
      } else {
        if (batch.length > 0) await commit(batch.at(-1)!.position);
        this.#caughtUp = true;
        this.#succeeded();
        this.#announce([]);
      }
    }
  }

  async #commit(batch: readonly RecordedEvent[], checkpoint: Position): Promise<void> {
    if (batch.length === 0 && this.#checkpoint !== undefined && checkpoint <= this.#checkpoint) return;
    const folded = await this.#fold(batch, this.#parked.positions);
    // Before the checkpoint passes them, or a crash in between would lose them.
    await this.#parked.passOver(folded);
    this.#tellParked(folded);
    await this.#options.views.apply(this.view, folded.changes, checkpoint);
    this.#checkpoint = checkpoint;
    if (checkpoint >= this.#head) this.#caughtUp = true;
    this.#succeeded();
    this.#announce(folded.changes);
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#backOff.reset();
  }

  #fold(events: readonly RecordedEvent[], parked: ReadonlyMap<string, Position>) {
    return this.#folding.fold(events, parked, (keys) => this.#options.views.load(this.view, keys));
  }

  #read(key: string, after: Position | undefined, upTo = 0n) {
    const { events, projection, signal } = this.#options;
    const isOfKey = (event: RecordedEvent) => this.#folding.locate(event)?.key === key;
    return readMatching(events, { after, upTo, streams: projection.streams, signal }, isOfKey);
  }

  #tellParked({ poisons }: Folded): void {
    const { name: view, version } = this.#options.projection;
    for (const { event, error } of poisons) {
      const { type, position } = event;
      const { name } = error as { readonly name?: string };
      this.#options.log.error({ view, version, type, position: String(position), error: name }, 'a key is parked');
    }
  }

  #announce(changes: readonly RowChange[]): void {
    try {
      this.#options.afterCommit?.(changes, this.status);
    } catch (error) {
      this.#options.log.error({ err: error, view: this.view.name }, 'what follows a batch failed');
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
