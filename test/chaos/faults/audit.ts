import { openEventStoreDb } from '../../../adapters/eventstoredb/eventstoredb-event-store.ts';
import { connectMongo } from '../../../adapters/mongodb/mongo-connection.ts';
import { MongoVault } from '../../../adapters/mongodb/mongo-vault.ts';
import { MongoViewStore } from '../../../adapters/mongodb/mongo-view-store.ts';
import { userStream } from '../../../contracts/events/stream-names.ts';
import type { EventStore, RecordedEvent } from '../../../contracts/ports/event-store.ts';
import type { ViewStore } from '../../../contracts/ports/view-store.ts';
import type { Notice } from '../../../contracts/sockets/notices.ts';
import type { AnyProjection } from '../../../projector/fold-batch.ts';
import { notices } from '../../../projector/notices/notice.projection.ts';
import { candles } from '../../../projector/prices/candle.projection.ts';
import { latestPrices } from '../../../projector/prices/latest-price.projection.ts';
import { userProfiles } from '../../../projector/users/user-profile.projection.ts';
import { EventCodec } from '../../../runtime/event-codec.ts';
import { PersonalData } from '../../../runtime/personal-data.ts';
import { sealedVault } from '../../../runtime/sealed-vault.ts';
import { loadSecrets } from '../../../runtime/secrets.ts';
import { differingKeys, everyRow } from '../../support/compare-views.ts';
import { type Installation, vaultDatabase } from '../../support/distributed.ts';
import { recordingLog } from '../../support/recording-log.ts';
import type { Acknowledged } from './load.ts';

export interface Audited {
  readonly events: number;
  /** Acknowledged commands whose event is not there. */
  readonly lost: readonly string[];
  /** Commands that are there twice: a change of one stream, an address. */
  readonly doubled: readonly string[];
  /** Streams whose chain of macs is broken. */
  readonly broken: readonly string[];
  /** Rows, as `view/key`, that a fold of all events makes otherwise. */
  readonly differing: readonly string[];
  /** All there were to tell: what the events make of them. */
  readonly notices: readonly Notice[];
}

const views: readonly AnyProjection[] = [userProfiles, notices, latestPrices, candles];

/** Looks at what is in the stores, as an auditor would, against what clients were told. The services must still run, idle. */
export const audit = async (installation: Installation, acknowledged: readonly Acknowledged[]): Promise<Audited> => {
  const log = recordingLog();
  const { EVENTSTORE_URL, MONGO_URL: url, NAMESPACE: namespace, MASTER_KEY } = installation;
  const store = await openEventStoreDb({ url: EVENTSTORE_URL, namespace, log });
  const vaultConnection = connectMongo({ url, database: vaultDatabase(url), log });
  const viewConnection = connectMongo({ url, log });
  try {
    const vault = await sealedVault(new MongoVault(vaultConnection), Buffer.from(MASTER_KEY, 'base64'));
    const codec = new EventCodec((await loadSecrets(vault)).auditKey, new PersonalData(vault));
    const kept = new MongoViewStore(viewConnection);
    return { ...(await auditEvents(store, codec, acknowledged)), ...(await auditViews(store, kept)) };
  } finally {
    await Promise.all([store.close(), vaultConnection.close(), viewConnection.close()]);
  }
};

async function* everyEvent(store: EventStore): AsyncIterable<RecordedEvent> {
  const stop = new AbortController();
  for await (const item of store.subscribe({ signal: stop.signal })) {
    if (item.type === 'event') yield item.event;
    if (item.type === 'caught-up') stop.abort();
  }
}

/** What may be there only once. */
const onlyOnce = ({ type, stream, data }: RecordedEvent): string | undefined => {
  const { name, email } = data as { readonly name?: string; readonly email?: string };
  if (type === 'user.profile-changed') return `${stream} ${name}`;
  return type === 'user.created' ? email : undefined;
};

const auditEvents = async (store: EventStore, codec: EventCodec, acknowledged: readonly Acknowledged[]) => {
  const missing = new Map(acknowledged.map((one) => [`${userStream(one.userId)} ${one.revision}`, one.name]));
  const lastMacs = new Map<string, string>();
  const met = new Set<string>();
  const [broken, doubled] = [new Set<string>(), new Set<string>()];
  let events = 0;
  for await (const event of everyEvent(store)) {
    events++;
    if (event.stream.startsWith('ticks-')) continue;
    if (!codec.verifies(event, lastMacs.get(event.stream) ?? '')) broken.add(event.stream);
    lastMacs.set(event.stream, event.metadata.mac ?? '');
    const opened = await codec.open(event);
    const place = `${event.stream} ${event.revision}`;
    if (missing.get(place) === (opened.data as { readonly name?: string }).name) missing.delete(place);
    const once = onlyOnce(opened);
    if (once !== undefined && met.has(once)) doubled.add(once);
    if (once !== undefined) met.add(once);
  }
  return { events, lost: [...missing.keys()], doubled: [...doubled], broken: [...broken] };
};

const auditViews = async (store: EventStore, kept: ViewStore) => {
  const differing: string[] = [];
  for (const view of views) {
    // One that doesn't catch up differs too, and the rest is still to be seen.
    const keys = await differingKeys(store, kept, view).catch((error: Error) => [`all: ${error.message}`]);
    differing.push(...keys.map((key) => `${view.name}/${key}`));
  }
  return { differing, notices: (await everyRow(kept, notices)).map(({ value }) => value as Notice) };
};
