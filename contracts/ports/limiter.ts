export interface LimitOptions {
  /** Keeps its counts apart from those of other limits. */
  readonly name: string;
  /** How many of one key are let through within the window. */
  readonly tries: number;
  readonly windowSeconds: number;
}

export interface Try {
  /** Counts one less in the window under way, and never less than none. Nothing is kept of a key that is back at none. */
  giveBack(): Promise<void>;
}

/**
 * Counts tries by key, together with all processes that have the same limit. The window begins with the key's first try,
 * and nothing draws it out. Keys say nothing personal in clear. Where the shared counts are away, each process counts by
 * itself until they are back: nobody is locked out, and nobody let through without a limit. A try is given back where it
 * was counted and, when that is away, not at all.
 */
export interface Limiter {
  /**
   * Counts one more; who is refused has used up nothing.
   * @throws DomainError 'too-many-attempts', with the seconds until the window ends
   */
  take(key: string): Promise<Try>;
  /** Counts none for the key any more. */
  forget(key: string): Promise<void>;
}

/** The limit with these options. */
export type Limiters = (options: LimitOptions) => Limiter;
