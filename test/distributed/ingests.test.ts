import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RecordedEvent } from '../../contracts/ports/event-store.ts';
import { walk } from '../../exchange-simulator/market/walk.source.ts';
import { type ExchangeSimulator, startExchangeSimulator } from '../../exchange-simulator/start-exchange-simulator.ts';
import { type Distributed, startDistributed } from '../support/distributed.ts';
import { openStores } from '../support/distributed-stores.ts';
import { eventually } from '../support/eventually.ts';

const source = walk({ seed: 5, symbols: [{ symbol: 'BTCUSDT', startPrice: '67187.34' }] });
let simulator: ExchangeSimulator;
let tidemark: Distributed;
/** When the latest prices were asked for, Unix milliseconds. */
const polls: number[] = [];

/** The simulator's REST, with its askers counted. */
const counted = createServer((request, response) => {
  if (request.url?.startsWith('/api/v3/ticker/price')) polls.push(Date.now());
  void fetch(simulator.restUrl + request.url).then(async (answer) => {
    const headers = { 'content-type': 'application/json', 'x-simulator': answer.headers.get('x-simulator')! };
    response.writeHead(answer.status, headers).end(await answer.text());
  });
});

beforeAll(async () => {
  simulator = await startExchangeSimulator({ source });
  counted.listen(0, '127.0.0.1');
  await once(counted, 'listening');
  tidemark = await startDistributed(
    {
      SYMBOLS: 'BTCUSDT',
      PRICE_SOURCE: simulator.name,
      BINANCE_REST_URL: `http://127.0.0.1:${(counted.address() as AddressInfo).port}`,
      BINANCE_WS_URL: simulator.webSocketUrl,
      POLL_INTERVAL_SECONDS: '2',
      BACKFILL_MINUTES: '3',
    },
    { ingest: 2 },
  );
});
afterAll(async () => {
  await tidemark?.halt();
  counted.closeAllConnections();
  counted.close();
  await simulator?.stop();
});

const everyEvent = async (streams: readonly string[]): Promise<RecordedEvent[]> => {
  const stores = await openStores(tidemark.installation);
  const stop = new AbortController();
  const events: RecordedEvent[] = [];
  for await (const item of stores.events.subscribe({ streams, signal: stop.signal })) {
    if (item.type === 'event') events.push(item.event);
    if (item.type === 'caught-up') stop.abort();
  }
  await stores.close();
  return events;
};
const timesOf = (events: readonly RecordedEvent[], field: string) =>
  events.map(({ data }) => (data as Record<string, number>)[field]!);
/** Each moment of the schedule, by the poll that it brought. */
const moments = () => polls.map((at) => Math.floor((at - 1_000) / 2_000));

it('asks the exchange once for each moment of the schedule, though there are two', async () => {
  const first = polls.length;
  await eventually(() => polls.length >= first + 5, 30_000);
  // Two that each poll would make two of each; one that is late may share the next one's.
  const asked = moments().slice(first);
  expect(new Set(asked).size).toBeGreaterThanOrEqual(asked.length - 1);
});

it('records every tick and candle once and in order', async () => {
  await eventually(async () => (await everyEvent(['ticks-'])).length >= 10, 30_000);
  const ticks = timesOf(await everyEvent(['ticks-']), 'timeMs');
  expect(ticks).toEqual([...new Set(ticks)].sort((a, b) => a - b));
  const open = timesOf(await everyEvent(['candles-']), 'openTimeMs');
  expect(open.length).toBeGreaterThanOrEqual(3);
  expect(new Set(open).size).toBe(open.length);
});

it('goes on recording within seconds when either is killed', async () => {
  for (let turn = 0; turn < 2; turn++) {
    const before = (await everyEvent(['ticks-'])).length;
    const victim = tidemark.of('ingest').at(turn)!;
    await victim.stop('SIGKILL');
    await tidemark.start('ingest');
    await eventually(async () => (await everyEvent(['ticks-'])).length >= before + 12, 40_000);
  }
  const ticks = timesOf(await everyEvent(['ticks-']), 'timeMs');
  expect(ticks).toEqual([...new Set(ticks)].sort((a, b) => a - b));
  const asked = polls.length;
  await eventually(() => polls.length > asked + 1, 45_000);
}, 150_000);
