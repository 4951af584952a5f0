import type { RecordedEvent } from './ports/event-store.ts';
import type { ViewDefinition, ViewValue } from './ports/view-store.ts';

/** An event as a projection meets it: its own data, and where and when it was recorded. Personal fields stay sealed. */
export type Recorded<Event extends { type: string; data: unknown }> = Event & Omit<RecordedEvent, 'type' | 'data'>;

/** A view of which an older version may be in use still. */
export interface VersionedView extends ViewDefinition {
  /** Of the same name and a lower version: what this one takes the place of. */
  readonly previous?: VersionedView;
}

/** A view as data: what each event makes of the row of its key. `undefined` removes the row. Pure. */
export interface Projection<
  View extends ViewValue = ViewValue,
  Event extends { type: string; data: unknown } = { type: string; data: unknown },
> extends VersionedView {
  /** Beginnings of the stream names it reads. */
  readonly streams: readonly string[];
  readonly key: (event: Recorded<Event>) => string;
  /** A type without a rule is passed over; `Partial` because streams hold types that a view need not show. */
  readonly on: {
    readonly [Type in Event['type']]?: (
      event: Recorded<Extract<Event, { type: Type }>>,
      view: View | undefined,
    ) => View | undefined;
  };
  /**
   * The definition as it was before its version was raised: rules, keys and streams as they were. It stays in the tree
   * until its rows are dropped, which the log tells, a day after readers have gone over to the new version. Until then
   * both are kept up to date, and both are read: by this release until the new one is complete, by processes of the
   * release before for as long as they run. So whatever reads rows copes with the old shape and with the new one. No
   * release is to be left out: a process serves only what it knows.
   */
  readonly previous?: Projection<never, never>;
}
