import { applyRule, type Rules } from './rules.ts';

/** The pure heart of a use case: what a command makes happen, and what an event changes. */
export interface Decider<Command extends { type: string }, State, Event extends { type: string }> {
  readonly initial: State;
  readonly decide: Rules<Command, State, readonly Event[]>;
  readonly evolve: Rules<Event, State, State>;
}

export const fold = <Command extends { type: string }, State, Event extends { type: string }>(
  decider: Decider<Command, State, Event>,
  state: State,
  events: readonly Event[],
): State => events.reduce((before, event) => applyRule(decider.evolve, event, before), state);
