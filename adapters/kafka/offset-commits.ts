import type { PartitionOffset } from './kafka-admin.ts';

/** Moves a group's offsets: one commit at a time, each with the latest of every partition. */
export class OffsetCommits {
  readonly #commit: (offsets: PartitionOffset[]) => Promise<void>;
  readonly #marked = new Map<string, PartitionOffset>();
  #flushing: Promise<void> | undefined;
  #stopped = false;

  constructor(commit: (offsets: PartitionOffset[]) => Promise<void>) {
    this.#commit = commit;
  }

  /** Commits soon. What fails stays marked and goes with the next, or its message comes again. */
  mark(offset: PartitionOffset): void {
    if (this.#stopped) return;
    this.#marked.set(`${offset.topic}/${offset.partition}`, offset);
    void this.flush().catch(() => undefined);
  }

  /** Resolves when everything marked is committed. Rejects with what the broker says. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush();
    return this.#flushing;
  }

  /** The partitions may be somebody else's, who is further on: what is marked from now on would take that back. */
  stop(): void {
    this.#stopped = true;
  }

  async #flush(): Promise<void> {
    try {
      while (this.#marked.size > 0) {
        const marked = [...this.#marked];
        await this.#commit(marked.map(([, offset]) => offset));
        for (const [key, offset] of marked) if (this.#marked.get(key) === offset) this.#marked.delete(key);
      }
    } finally {
      this.#flushing = undefined;
    }
  }
}
