/** Leadership among processes that could do the same work. */
export interface Lease {
  /** Whether this process holds it just now. May be false again at any moment; asking costs nothing. */
  held(): boolean;
}
