import type { Position, RecordedEvent } from '../contracts/ports/event-store.ts';
import type { RowChange, ViewValue } from '../contracts/ports/view-store.ts';
import type { Projection } from '../contracts/projection.ts';

/** A projection of whichever view and events. */
export type AnyProjection = Projection<never, never>;

type Rule = (event: RecordedEvent, view: ViewValue | undefined) => ViewValue | undefined;

/** Of what to wait for when an event's own key can't be told. No key of a view begins like it. */
const unknownKey = (stream: string): string => `?${stream}`;
export const isUnknownKey = (key: string): boolean => key.startsWith('?');

/** A rule threw at this event: from here on, its key waits. */
export interface Poison {
  readonly key: string;
  readonly event: RecordedEvent;
  readonly error: unknown;
}

interface Row {
  readonly key: string;
  position: Position | undefined;
  value: ViewValue | undefined;
  changed: boolean;
  poisoned: boolean;
}

interface Step {
  readonly event: RecordedEvent;
  readonly rule: Rule;
  readonly row: Row;
}

/** Rules are pure, yet one may fail for want of memory or stack. */
const attempts = 3;
const applyRule = ({ rule, event, row }: Step): ViewValue | undefined => {
  for (let attempt = 1; ; attempt++) {
    try {
      return rule(event, row.value);
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
};

/** Folds the event into its row, or poisons the row. */
const take = (step: Step): Poison | undefined => {
  const { row, event } = step;
  try {
    const value = applyRule(step);
    if (value !== row.value) Object.assign(row, { value, position: event.position, changed: true });
    return undefined;
  } catch (error) {
    row.poisoned = true;
    return { key: row.key, event, error };
  }
};

/** What a batch of events makes of a view. */
export interface Folded {
  readonly changes: readonly RowChange[];
  readonly poisons: readonly Poison[];
  /** Per key that waits, parked before or poisoned now, the last of its events here. */
  readonly passedOver: ReadonlyMap<string, Position>;
}

/** Makes rows of events, as the projection says. */
export class Folding {
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #key: (event: RecordedEvent) => string;

  constructor(projection: AnyProjection) {
    this.#rules = new Map(Object.entries(projection.on as Readonly<Record<string, Rule>>));
    this.#key = projection.key as (event: RecordedEvent) => string;
  }

  /** Under which key the event is folded, and how; undefined when there is no rule for it. */
  locate(event: RecordedEvent): { readonly key: string; readonly rule: Rule } | undefined {
    const rule = this.#rules.get(event.type);
    if (!rule) return undefined;
    try {
      return { key: this.#key(event), rule };
    } catch (error) {
      const fail = () => {
        throw error;
      };
      return { key: unknownKey(event.stream), rule: fail };
    }
  }

  /**
   * What the events, in order, make of the rows that `load` gives. Passed over are events at or below their row's
   * position, those of a parked key from where it is parked, and those behind a poison of the same key.
   */
  async fold(
    events: readonly RecordedEvent[],
    parked: ReadonlyMap<string, Position>,
    load: (keys: readonly string[]) => Promise<readonly RowChange[]>,
  ): Promise<Folded> {
    const rows = new Map<string, Row>();
    const passedOver = new Map<string, Position>();
    const steps = this.#steps(events, parked, rows, passedOver);
    const stored = rows.size === 0 ? [] : await load([...rows.keys()]);
    for (const { key, position, value } of stored) Object.assign(rows.get(key)!, { position, value });

    const poisons: Poison[] = [];
    for (const step of steps) {
      const { event, row } = step;
      if (row.position !== undefined && event.position <= row.position) continue;
      const poison = row.poisoned ? undefined : take(step);
      if (poison) poisons.push(poison);
      if (row.poisoned) passedOver.set(row.key, event.position);
    }
    const changes: RowChange[] = [];
    for (const { key, position, value, changed } of rows.values()) {
      if (changed) changes.push({ key, position: position!, value });
    }
    return { changes, poisons, passedOver };
  }

  #steps(
    events: readonly RecordedEvent[],
    parked: ReadonlyMap<string, Position>,
    rows: Map<string, Row>,
    passedOver: Map<string, Position>,
  ): Step[] {
    const steps: Step[] = [];
    for (const event of events) {
      const located = this.locate(event);
      if (!located) continue;
      const { key, rule } = located;
      const parkedFrom = parked.get(key);
      if (parkedFrom !== undefined && event.position >= parkedFrom) {
        passedOver.set(key, event.position);
        continue;
      }
      let row = rows.get(key);
      if (!row) {
        row = { key, position: undefined, value: undefined, changed: false, poisoned: false };
        rows.set(key, row);
      }
      steps.push({ event, rule, row });
    }
    return steps;
  }
}
