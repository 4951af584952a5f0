import { randomUUID } from 'node:crypto';
import { walk } from '../../exchange-simulator/market/walk.source.ts';
import { type ExchangeSimulator, startExchangeSimulator } from '../../exchange-simulator/start-exchange-simulator.ts';
import { type Distributed, startDistributed } from '../support/distributed.ts';
import { eventually } from '../support/eventually.ts';
import { type NoticeClient, noticeClient, outOfOrder } from '../support/notice-client.ts';
import { type Person, peopleOn } from '../support/standalone.ts';

const source = walk({ seed: 3, symbols: [{ symbol: 'BTCUSDT', startPrice: '67187.34' }] });
let simulator: ExchangeSimulator;
let tidemark: Distributed;
let people: ReturnType<typeof peopleOn>;
let admin: Person;
beforeAll(async () => {
  simulator = await startExchangeSimulator({ source });
  const environment = {
    SYMBOLS: 'BTCUSDT',
    STREAM_INTERVAL_MS: '200',
    PRICE_SOURCE: simulator.name,
    BINANCE_REST_URL: simulator.restUrl,
    BINANCE_WS_URL: simulator.webSocketUrl,
  };
  tidemark = await startDistributed(environment, { 'command-api': 2, 'query-api': 2 });
  people = peopleOn(tidemark);
  admin = await people.admin();
});
afterAll(async () => {
  for (const client of clients.splice(0)) client.close();
  await tidemark?.halt();
  await simulator?.stop();
});

const clients: NoticeClient[] = [];
const listen = async (url: string, { token }: Person, cursor?: string) => {
  const client = noticeClient(url, () => token, cursor);
  clients.push(client);
  await eventually(client.connected);
  return client;
};
const rename = async ({ token }: Person, name: string) => {
  const { status, headers } = await people.request('PATCH', '/v1/me', { token, body: { name } });
  expect(status).toBe(200);
  return headers.get('consistency-token')!.split('.')[1]!;
};
const newMember = () => people.member(`${randomUUID()}@example.com`);
const queryApis = () => tidemark.of('query-api').map(({ url }) => url);

it('tells everybody concerned once and in order, whichever query-api they are at, while many change', async () => {
  const members = await Promise.all(Array.from({ length: 8 }, newMember));
  // That they are there is no news any more when the admin begins to listen.
  await eventually(async () => {
    const seen = await Promise.all(members.map(({ token }) => people.request('GET', '/v1/me', { token })));
    return seen.every(({ status }) => status === 200);
  });
  const [one, two] = queryApis();
  const admins = [await listen(one!, admin), await listen(two!, admin), await listen(tidemark.url, admin)];
  const tabs = await Promise.all(
    members.map(async (member, index) => ({
      member,
      tabs: [await listen(index % 2 ? one! : two!, member), await listen(tidemark.url, member)],
    })),
  );
  const told = await Promise.all(
    members.map(async (member) => {
      const positions: string[] = [];
      for (let turn = 0; turn < 10; turn++) positions.push(await rename(member, `Name ${turn}`));
      return positions;
    }),
  );
  const all = told.flat().sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  await eventually(() => admins.every(({ heard }) => heard.at(-1)?.position === all.at(-1)), 30_000);
  for (const { heard } of admins) {
    const changes = heard.filter(({ type }) => type === 'user.updated');
    expect(changes.map(({ position }) => position)).toEqual(all);
  }
  for (const [index, { member, tabs: both }] of tabs.entries()) {
    for (const { heard } of both) {
      await eventually(() => heard.length >= told[index]!.length);
      expect(heard.map(({ position }) => position)).toEqual(told[index]);
      expect(heard.at(-1)).toMatchObject({ type: 'user.updated', subject: member.id, data: { name: 'Name 9' } });
    }
  }
});

it('goes on behind the cursor at another query-api, missing nothing and repeating nothing', async () => {
  const member = await newMember();
  const [one, two] = queryApis();
  const first = await listen(one!, member);
  const before = await rename(member, 'Before');
  await eventually(() => first.heard.length === 1);
  first.close();
  const away = [await rename(member, 'Away 1'), await rename(member, 'Away 2')];
  const second = await listen(two!, member, before);
  const after = await rename(member, 'After');
  await eventually(() => second.heard.length >= 3);
  expect(second.heard.map(({ position }) => position)).toEqual([...away, after]);
  expect(second.resyncs).toEqual([]);
});

it('shows what a notice tells of, at its position or later', async () => {
  const member = await newMember();
  const client = await listen(tidemark.url, member);
  for (let turn = 0; turn < 10; turn++) {
    const position = await rename(member, `Turn ${turn}`);
    const notice = await eventually(() => client.heard.find((one) => one.position === position));
    expect(notice.data).toMatchObject({ name: `Turn ${turn}` });
  }
});

it('keeps sockets and what is read alike while connections are cut', async () => {
  const member = await newMember();
  const client = await listen(tidemark.url, member);
  const told: string[] = [];
  for (let turn = 0; turn < 15; turn++) {
    told.push(await rename(member, `Cut ${turn}`));
    if (turn % 4 === 0) client.cut();
  }
  await eventually(() => client.heard.length >= told.length);
  expect(client.heard.map(({ position }) => position)).toEqual(told);
  expect(outOfOrder(client.heard)).toEqual([]);
});

it('sends prices to the sockets of every query-api, rising, as they can be read', async () => {
  for (const url of queryApis()) {
    const client = await listen(url, admin);
    await eventually(() => client.prices.length >= 5, 20_000);
    expect(outOfOrder(client.prices)).toEqual([]);
    const { data } = client.prices.at(-1)!;
    expect(data).toMatchObject({ symbol: 'BTCUSDT', source: 'simulator', stale: false });
  }
});

it('ends the sockets of a session at every query-api when its user signs out at another process', async () => {
  const member = await newMember();
  const sockets = await Promise.all(queryApis().map((url) => listen(url, member)));
  await people.request('DELETE', '/v1/sessions/current', { token: member.token });
  await eventually(() => sockets.every((client) => !client.connected()));
  const answers = await Promise.all(
    queryApis().map((url) => fetch(`${url}/v1/me`, { headers: { authorization: `Bearer ${member.token}` } })),
  );
  expect(answers.map(({ status }) => status)).toEqual([401, 401]);
});
