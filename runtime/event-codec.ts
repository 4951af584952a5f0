import { createHmac, timingSafeEqual } from 'node:crypto';
import { allEvents } from '../contracts/events/all-events.ts';
import { type EventType, personalFields } from '../contracts/events/catalogue.ts';
import { subjectOf } from '../contracts/events/stream-names.ts';
import type { NewEvent, RecordedEvent } from '../contracts/ports/event-store.ts';
import type { PersonalData } from './personal-data.ts';

type Data = Record<string, unknown>;
type Catalogue = Readonly<Record<string, EventType>>;

const personalFieldsOf = new WeakMap<EventType, readonly string[]>();
const personalIn = (type: EventType): readonly string[] => {
  const known = personalFieldsOf.get(type) ?? personalFields(type.schema);
  personalFieldsOf.set(type, known);
  return known;
};

/**
 * The event with data of its type's current version; personal fields stay sealed. Types that are not in the catalogue
 * (of a newer release) pass unchanged.
 */
export const upcast = (event: RecordedEvent, catalogue: Catalogue = allEvents): RecordedEvent => {
  const steps = catalogue[event.type]?.upcasts.slice((event.metadata.schemaVersion ?? 1) - 1);
  if (!steps?.length) return event;
  return { ...event, data: steps.reduce((data, step) => step(data), event.data as Data) };
};

/** Between what deciders speak of and what is stored: checks the shape, seals personal fields, chains by macs. */
export class EventCodec {
  readonly #auditKey: Uint8Array;
  readonly #personalData: PersonalData;
  readonly #catalogue: Catalogue;

  constructor(auditKey: Uint8Array, personalData: PersonalData, catalogue: Catalogue = allEvents) {
    this.#auditKey = auditKey;
    this.#personalData = personalData;
    this.#catalogue = catalogue;
  }

  /**
   * The event as it is stored at this revision, behind an event with `previousMac` (empty for the first).
   * @throws ZodError when the data is not what the type's schema says: a bug, never a caller's mistake
   */
  async encode(stream: string, revision: number, previousMac: string, event: NewEvent): Promise<NewEvent> {
    const type = this.#catalogue[event.type];
    if (!type) throw new Error(`the catalogue has no event type ${event.type}`);
    const data: Data = type.schema.parse(event.data);
    for (const field of personalIn(type)) {
      data[field] = await this.#personalData.seal(subjectOf(stream), field, data[field] as string);
    }
    const sealed: NewEvent = {
      ...event,
      data,
      metadata: { ...event.metadata, schemaVersion: type.upcasts.length + 1 },
    };
    if (!type.chained) return sealed;
    const mac = this.mac(stream, revision, previousMac, sealed);
    return { ...sealed, metadata: { ...sealed.metadata, mac } };
  }

  /** The event in its type's current version with its personal fields readable, or erased. */
  async open(event: RecordedEvent): Promise<RecordedEvent> {
    const type = this.#catalogue[event.type];
    const current = upcast(event, this.#catalogue);
    if (!type || personalIn(type).length === 0) return current;
    const data: Data = { ...(current.data as Data) };
    for (const field of personalIn(type)) {
      data[field] = await this.#personalData.open(subjectOf(event.stream), field, data[field] as string);
    }
    return { ...current, data };
  }

  /** HMAC-SHA-256 over what stands before the event, where it stands, and its id, type, data and metadata (but the mac itself). */
  mac(stream: string, revision: number, previousMac: string, { id, type, data, metadata }: NewEvent): string {
    const { mac: _, ...signed } = metadata;
    return createHmac('sha256', this.#auditKey)
      .update(JSON.stringify([previousMac, stream, revision, id, type, data, signed]))
      .digest('base64url');
  }

  /** Whether a stored event (as the store gives it, not opened) is the one that was written behind `previousMac`. */
  verifies(event: RecordedEvent, previousMac: string): boolean {
    const expected = Buffer.from(this.mac(event.stream, event.revision, previousMac, event));
    const found = Buffer.from(event.metadata.mac ?? '');
    return expected.length === found.length && timingSafeEqual(expected, found);
  }
}
