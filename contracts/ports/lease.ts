/** Leadership among processes that could do the same work: at most one of them holds it at any time. */
export interface Lease {
  /**
   * Whether this process holds it just now. May be false again at any moment, and is so at once in a process that was
   * held up for longer than its lease lasts; asking costs nothing. What was begun under it may still end a moment later
   * than another holder begins: so the work itself has to bear two at once, and the lease only keeps them from it.
   */
  held(): boolean;
}
