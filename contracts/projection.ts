import type { RecordedEvent } from './ports/event-store.ts';
import type { ViewDefinition, ViewValue } from './ports/view-store.ts';

/** An event as a projection meets it: its own data, and where and when it was recorded. Personal fields stay sealed. */
export type Recorded<Event extends { type: string; data: unknown }> = Event & Omit<RecordedEvent, 'type' | 'data'>;

/** A view as data: what each event makes of the row of its key. `undefined` removes the row. Pure. */
export interface Projection<
  View extends ViewValue = ViewValue,
  Event extends { type: string; data: unknown } = { type: string; data: unknown },
> extends ViewDefinition {
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
}
