import { z } from 'zod';

type Data = Readonly<Record<string, unknown>>;

/** What the codec must know of an event type. */
export interface EventType<Schema extends z.ZodObject = z.ZodObject> {
  readonly schema: Schema;
  /** Step `n` (from 0) makes data of version n + 2 out of version n + 1. The current version is one more than the steps. */
  readonly upcasts: readonly ((data: Data) => Data)[];
  /** Chained by a mac. Only ticks, many and disposable, are not. */
  readonly chained: boolean;
}

export const eventType = <Schema extends z.ZodObject>(
  schema: Schema,
  { upcasts = [], chained = true }: Partial<Omit<EventType, 'schema'>> = {},
): EventType<Schema> => ({ schema, upcasts, chained });

/** The event a catalogue describes: a union, told apart by `type`. */
export type EventOf<Catalogue extends Record<string, EventType>> = {
  [Type in keyof Catalogue & string]: { readonly type: Type; readonly data: z.output<Catalogue[Type]['schema']> };
}[keyof Catalogue & string];

/**
 * Marks a string field as personal: it is stored sealed under its subject's key and unreadable once that key is
 * destroyed. Only events of `user-<id>` streams have personal fields; the subject is that user.
 */
export const personal = <Schema extends z.ZodType<string>>(schema: Schema): Schema => schema.meta({ personal: true });

/** The names of the fields that are marked personal. */
export const personalFields = (schema: z.ZodObject): readonly string[] =>
  Object.entries(schema.shape)
    .filter(([, field]) => z.globalRegistry.get(field as z.ZodType)?.personal === true)
    .map(([name]) => name);

/** Stands where a personal value was that can't be read any more. */
export const erased = '[erased]';
