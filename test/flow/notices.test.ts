import { randomUUID } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../../contracts/errors.ts';
import { Notice } from '../../contracts/sockets/notices.ts';
import { pricesTopic, usersTopic } from '../../contracts/topics.ts';
import { noticeKey, notices } from '../../projector/notices/notice.projection.ts';
import { purgeNotices } from '../../projector/notices/notice-retention.ts';
import { latestPriceKey, latestPrices, priceNotice } from '../../projector/prices/latest-price.projection.ts';
import type { GatewayNeeds } from '../../query-api/sockets/gateway.ts';
import { eventually } from '../support/eventually.ts';
import { type SocketStage, type StageClient, socketStage } from '../support/socket-stage.ts';

let stage: SocketStage;
beforeEach(async () => {
  stage = await socketStage();
});
afterEach(() => stage.stop());

const types = (client: StageClient) => client.heard.map(({ type }) => type);
const names = (client: StageClient) => client.heard.map(({ data }) => data.name);
const positions = (client: StageClient) => client.heard.map(({ position }) => Number(position));
/** The stage, with another opinion on tokens. */
const stageWith = async (verify: GatewayNeeds['tokens']['verify']) => {
  await stage.stop();
  stage = await socketStage({ tokens: { verify } });
  return stage;
};
/** As a network that breaks. */
const cut = ({ socket }: StageClient) => {
  const engine = socket.io.engine as unknown as { transport?: { ws?: { terminate(): void } } } | undefined;
  engine?.transport?.ws?.terminate();
};
const admin = async () => {
  const userId = await stage.create('Root');
  await stage.grant(userId);
  await stage.settled();
  return userId;
};
/** What the client should have heard of, in order, behind its first position: all, or about one user. */
const kept = async (behind: string, subject?: string) => {
  const rows = await stage.views.find(notices, { after: noticeKey(BigInt(behind)), limit: 10_000 });
  return rows.map(({ value }) => value).filter((notice) => subject === undefined || notice.subject === subject);
};
const expectAll = async (client: StageClient, behind: string, subject?: string) => {
  await stage.settled();
  const expected = (await kept(behind, subject)).map(({ id }) => id);
  await eventually(() => client.heard.length >= expected.length);
  expect(client.heard.map(({ id }) => id)).toEqual(expected);
};

describe('who hears what', () => {
  it('tells a user about themself, an admin about everyone, and nobody else', async () => {
    const [ann, bo, root] = [await stage.create('Ann'), await stage.create('Bo'), await admin()];
    const [anns, bos, roots] = [await stage.connect(ann), await stage.connect(bo), await stage.connect(root)];
    await stage.change(ann, { name: 'Ann Lee' });
    const cleo = await stage.create('Cleo');
    await stage.change(bo, { name: 'Bob' });
    await eventually(() => roots.heard.length === 3 && bos.heard.length === 1);
    expect(types(roots)).toEqual(['user.updated', 'user.created', 'user.updated']);
    expect(roots.heard.map(({ subject }) => subject)).toEqual([ann, cleo, bo]);
    expect(names(anns)).toEqual(['Ann Lee']);
    expect(names(bos)).toEqual(['Bob']);
    const { user } = await stage.users.read(ann);
    expect(anns.heard[0]).toMatchObject({ type: 'user.updated', subject: ann, data: user });
    expect(anns.heard[0]!.position).toMatch(/^\d+$/);
  });

  it('tells the rest an id only, and only when everyone is to hear', async () => {
    await stage.stop();
    stage = await socketStage({ notifyAudience: 'everyone' });
    const [ann, bo] = [await stage.create('Ann'), await stage.create('Bo')];
    await stage.settled();
    const [anns, bos] = [await stage.connect(ann), await stage.connect(bo)];
    await stage.change(ann, { name: 'Ann Lee' });
    await eventually(() => anns.heard.length === 1 && bos.heard.length === 1);
    expect(bos.heard[0]).toEqual({ ...anns.heard[0], data: { id: ann } });
  });

  it('follows who becomes an admin and who stops being one', async () => {
    const [root, ann, bo] = [await admin(), await stage.create('Ann'), await stage.create('Bo')];
    const anns = await stage.connect(ann);
    await stage.grant(ann);
    await eventually(() => anns.heard.length === 1);
    expect(anns.heard[0]).toMatchObject({ type: 'user.updated', data: { role: 'admin' } });
    await stage.change(bo, { name: 'Bob' });
    await eventually(() => anns.heard.length === 2);
    await stage.revoke(ann);
    await stage.change(bo, { name: 'Robert' });
    await stage.change(ann, { name: 'Ann Lee' });
    await eventually(() => names(anns).includes('Ann Lee'));
    expect(names(anns)).not.toContain('Robert');
    expect(root).toBeDefined();
  });

  it('tells of a deletion, the id only, and then closes the deleted user’s sockets', async () => {
    const [ann, root] = [await stage.create('Ann'), await admin()];
    const [first, second, roots] = [await stage.connect(ann), await stage.connect(ann), await stage.connect(root)];
    const deleted = stage.remove(ann);
    stage.gateway.closeUser(ann);
    for (const { sessionId, userId } of stage.callers.values())
      if (userId === ann) stage.gateway.closeSession(sessionId);
    await deleted;
    for (const client of [first, second]) {
      await eventually(() => client.other.some(({ event }) => event === 'disconnect'));
      expect(client.heard.at(-1)).toMatchObject({ type: 'user.deleted', data: { id: ann } });
      expect(client.other.at(-1)!.value.reason).toBe('io server disconnect');
    }
    await eventually(() => roots.heard.length === 1);
    expect(roots.heard[0]!.data).toEqual({ id: ann });
  });
});

describe('once and in order', () => {
  it('holds for admins and members on two tabs each that come and go while everybody changes', async () => {
    const root = await admin();
    const ids = await Promise.all(Array.from({ length: 60 }, (_, index) => stage.create(`User ${index}`)));
    await stage.settled();
    const members = ids.slice(0, 8);
    const clients: { client: StageClient; subject: string | undefined; behind: string }[] = [];
    for (const userId of [root, root, root, ...members, ...members]) {
      const client = await stage.connect(userId);
      const behind = String(client.cursor).split('.')[1]!;
      clients.push({ client, behind, subject: userId === root ? undefined : userId });
    }
    // So that reading the backlog and what comes live overlap in every way.
    const get = stage.views.get.bind(stage.views);
    stage.views.get = async (view, key) => {
      const row = await get(view, key);
      await sleep(Math.random() * 3);
      return row;
    };
    let done = false;
    const restless = clients
      .filter((_, index) => index !== 0)
      .map(async ({ client }, index) => {
        const { socket } = client;
        while (!done) {
          await sleep(Math.random() * 40);
          // Sometimes as a client that leaves, sometimes as a network that breaks.
          if (index % 2 === 0) socket.disconnect();
          else cut(client);
          await sleep(Math.random() * 20);
          socket.connect();
        }
      });
    for (let round = 0; round < 6; round++) {
      await Promise.all(ids.map((id) => stage.change(id, { name: `Name ${round} ${Math.random()}` })));
      await sleep(10);
    }
    done = true;
    await Promise.all(restless);
    for (const { client, behind, subject } of clients) await expectAll(client, behind, subject);
    expect(positions(clients[0]!.client)).toHaveLength(360);
    expect(clients.flatMap(({ client }) => client.other.filter(({ event }) => event === 'resync'))).toEqual([]);
    expect(
      clients.filter(({ client }) => client.other.filter(({ event }) => event === 'ready').length > 1).length,
    ).toBe(clients.length - 1);
  }, 40_000);

  it('misses nothing between the first read and the first connection', async () => {
    const ann = await stage.create('Ann');
    await stage.settled();
    const { user, position } = await stage.users.read(ann);
    await stage.change(ann, { name: 'Between' });
    const client = stage.client(ann);
    client.cursor = `${stage.store.id}.${position}`;
    const connecting = stage.change(ann, { name: 'Meanwhile' });
    client.socket.connect();
    await connecting;
    await stage.change(ann, { name: 'After' });
    await eventually(() => client.heard.length === 3);
    expect(user.name).toBe('Ann');
    await expectAll(client, String(position));
    expect(client.other[0]).toEqual({ event: 'ready', value: { cursor: `${stage.store.id}.${position}` } });
    expect(names(client).at(-1)).toBe('After');
  });

  it('holds back what happens while the backlog is told', async () => {
    const [ann, root] = [await stage.create('Ann'), await admin()];
    const roots = stage.client(root);
    roots.cursor = String(await stage.users.position());
    await stage.change(ann, { name: 'Missed' });
    await stage.settled();
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let reads = 0;
    const get = stage.views.get.bind(stage.views);
    stage.views.get = async (view, key) => {
      const row = await get(view, key);
      if (reads++ === 0) await released;
      return row;
    };
    roots.socket.connect();
    await eventually(() => reads === 1);
    await stage.create('Live');
    await eventually(() => reads === 2);
    await stage.settled();
    release();
    await eventually(() => roots.heard.length === 2);
    expect(names(roots)).toEqual(['Missed', 'Live']);
  });

  it('begins behind what is there when there is no cursor', async () => {
    const ann = await stage.create('Ann');
    await stage.change(ann, { name: 'Before' });
    await stage.settled();
    const client = await stage.connect(ann);
    await stage.change(ann, { name: 'After' });
    await eventually(() => client.heard.length > 0);
    expect(names(client)).toEqual(['After']);
  });

  it('takes a cursor of the client’s own write, before the views have seen it', async () => {
    const ann = await stage.create('Ann');
    await stage.settled();
    const { position } = await stage.change(ann, { name: 'Mine' });
    const client = stage.client(ann);
    client.cursor = `${stage.store.id}.${position}`;
    client.socket.connect();
    await eventually(() => client.other.length > 0);
    await stage.change(ann, { name: 'Next' });
    await eventually(() => client.heard.length > 0);
    expect(names(client)).toEqual(['Next']);
    expect(client.other.map(({ event }) => event)).toEqual(['ready']);
  });

  it('drops what the bus repeats, and finds in the view what the bus has lost', async () => {
    const [ann, root] = [await stage.create('Ann'), await admin()];
    const roots = await stage.connect(root);
    await stage.change(ann, { name: 'One' });
    await eventually(() => roots.heard.length === 1);
    const publish = stage.bus.publish.bind(stage.bus);
    let lost = 0;
    stage.bus.publish = async (topic, messages) => {
      if (topic !== usersTopic) return publish(topic, messages);
      // As after a retention that was too short: these messages are gone, and their offsets with them.
      const partition = { key: 'gone', headers: {}, value: '{}' };
      if (lost++ === 0) return publish(topic, [partition]);
      await publish(topic, messages);
      await publish(topic, messages);
    };
    await stage.change(ann, { name: 'Lost' });
    await eventually(() => lost === 1);
    await stage.change(ann, { name: 'Three' });
    await stage.change(ann, { name: 'Four' });
    await eventually(() => roots.heard.length >= 4);
    expect(names(roots).at(-1)).toBe('Four');
    expect(new Set(positions(roots)).size).toBe(4);
    expect(positions(roots)).toEqual(positions(roots).toSorted((one, other) => one - other));
  });
});

describe('when it can’t be told notice by notice', () => {
  const cameBack = async (userId: string, cursor: unknown) => {
    const client = stage.client(userId);
    client.cursor = cursor;
    client.socket.connect();
    await eventually(() => client.other.some(({ event }) => event === 'resync' || event === 'connect_error'));
    return client;
  };
  const reasonOf = (client: StageClient) => client.other.find(({ event }) => event === 'resync')?.value.reason;

  it('says so for another store, a purged past and a position that was never reached, and goes on live', async () => {
    const ann = await stage.create('Ann');
    await stage.settled();
    const elsewhere = await cameBack(ann, `${randomUUID()}.3`);
    expect(reasonOf(elsewhere)).toBe('store-replaced');
    await purgeNotices(stage.views, new Date(Date.now() + 1_000), new AbortController().signal);
    expect(reasonOf(await cameBack(ann, '0'))).toBe('too-old');
    expect(reasonOf(await cameBack(ann, '9999999999999999999'))).toBe('ahead');
    await stage.change(ann, { name: 'Live' });
    await eventually(() => elsewhere.heard.length === 1);
    expect(names(elsewhere)).toEqual(['Live']);
    expect(elsewhere.other.map(({ event }) => event)).toEqual(['ready', 'resync']);
    expect(elsewhere.other[1]!.value.cursor).toBe(elsewhere.other[0]!.value.cursor);
  });

  it('tells a thousand notices, and not one more', async () => {
    const root = await admin();
    const ids = await Promise.all(Array.from({ length: 1_001 }, () => stage.create()));
    await stage.settled();
    const [first] = await kept('0', ids[0]);
    const rows = await kept('0');
    const before = rows[rows.findIndex(({ id }) => id === first!.id) - 1]!.position;
    expect(reasonOf(await cameBack(root, before))).toBe('too-many');
    const within = stage.client(root);
    within.cursor = first!.position;
    within.socket.connect();
    await eventually(() => within.heard.length === 1_000);
    await expectAll(within, String(first!.position));
  });

  it.each(['', 'abc', '-1', '1.2.3', 7, {}, 'x'.repeat(300)])('refuses the cursor %p', async (cursor) => {
    const client = await cameBack(await stage.create(), cursor);
    expect(client.other[0]).toMatchObject({ event: 'connect_error', value: { code: 'bad-cursor' } });
  });
});

describe('prices', () => {
  it('reach every socket that began with polling, whenever it upgrades', async () => {
    const userId = await stage.create();
    const polling = { transports: ['polling', 'websocket'] };
    const ticking = (async () => {
      for (let price = 1; price <= 60; price++) {
        await stage.tick('BTCUSDT', `${price}.00`);
        await sleep(5);
      }
    })();
    const all = await Promise.all(Array.from({ length: 24 }, () => stage.connect(userId, undefined, polling)));
    await ticking;
    const position = String(await stage.tick('BTCUSDT', '99.00'));
    for (const client of all) await eventually(() => client.prices.at(-1)?.position === position);
  });

  it('are told to everyone as the API shows them, and anew to who connects', async () => {
    const [ann, bo] = [await stage.create(), await stage.create()];
    const anns = await stage.connect(ann);
    const position = await stage.tick('BTCUSDT', '67187.34');
    await eventually(() => anns.prices.length === 1);
    expect(anns.prices[0]).toMatchObject({
      type: 'price.updated',
      subject: 'test/BTCUSDT',
      position: String(position),
      data: { symbol: 'BTCUSDT', price: '67187.34', source: 'test', stale: false },
    });
    const bos = await stage.connect(bo);
    await eventually(() => bos.prices.length === 1);
    expect(bos.prices).toEqual(anns.prices);
    expect((await stage.prices.read('BTCUSDT')).value.price).toBe('67187.34');
    await stage.tick('DOGEUSDT', '0.1');
    await stage.tick('ETHUSDT', '3000.5');
    await eventually(() => bos.prices.length === 2);
    expect(bos.prices[1]!.subject).toBe('test/ETHUSDT');
  });

  it('are told to who connects, also those that this process has never heard of', async () => {
    const publish = stage.bus.publish.bind(stage.bus);
    // As for a process that starts later.
    stage.bus.publish = async (topic, messages) => {
      if (topic !== pricesTopic) await publish(topic, messages);
    };
    const position = String(await stage.tick('ETHUSDT', '3000.5'));
    await eventually(() => stage.views.get(latestPrices, latestPriceKey('ETHUSDT', 'test')));
    const client = await stage.connect(await stage.create());
    await eventually(() => client.prices.length === 1);
    expect(client.prices[0]).toEqual({
      ...priceNotice({ symbol: 'ETHUSDT', source: 'test', asOf: client.prices[0]!.time }, BigInt(position)),
      data: (await stage.prices.read('ETHUSDT')).value,
    });
    expect(client.prices[0]).toMatchObject({ position, data: { price: '3000.5' } });
    expect(Notice.safeParse(client.prices[0]).success).toBe(true);
  });
});

describe('the door', () => {
  it.each([undefined, {}, { token: 'wrong' }, { token: 7 }])('stays shut for %p', async (auth) => {
    const { socket, other } = stage.client(await stage.create(), undefined, {});
    socket.auth = (give) => give(auth as object);
    socket.connect();
    await eventually(() => other.length > 0);
    expect(other[0]).toMatchObject({ event: 'connect_error', value: { code: 'not-authenticated' } });
    expect(other[0]!.value).toHaveProperty('title');
    expect(stage.gateway.connected).toBe(0);
  });

  it('asks where a page comes from', async () => {
    await stage.stop();
    stage = await socketStage({ allowedOrigins: ['https://app.example.com'] });
    const from = async (origin: string) => {
      const client = stage.client(await stage.create(), undefined, { extraHeaders: { origin } });
      client.socket.connect();
      return (await eventually(() => client.other[0])).event;
    };
    expect(await from('https://app.example.com')).toBe('ready');
    expect(await from(stage.url)).toBe('ready');
    expect(await from('https://evil.example.com')).toBe('connect_error');
    expect(await from('null')).toBe('connect_error');
  });

  it('closes with the token, and with the session', async () => {
    const ann = await stage.create();
    const sessionId = randomUUID();
    const short = await stage.connect(ann, stage.token(ann, { lastsMs: 300 }));
    const ended = await stage.connect(ann, stage.token(ann, { sessionId }));
    const stays = await stage.connect(ann);
    stage.gateway.closeSession(sessionId);
    for (const client of [short, ended]) {
      await eventually(() => client.other.some(({ event }) => event === 'disconnect'));
      expect(client.other.slice(-2)).toMatchObject([
        { event: 'problem', value: { code: 'not-authenticated' } },
        { event: 'disconnect', value: { reason: 'io server disconnect' } },
      ]);
    }
    expect(stays.socket.connected).toBe(true);
    await eventually(() => stage.gateway.connected === 1);
  });

  it('asks for the token again once the socket is where an end of its session finds it', async () => {
    const verified: string[] = [];
    const given = await stageWith(async (token) => {
      const caller = given.callers.get(token);
      if (!caller || verified.includes(token)) throw new DomainError('not-authenticated');
      verified.push(token);
      return caller;
    });
    const client = given.client(await given.create());
    client.socket.connect();
    await eventually(() => client.other.some(({ event }) => event === 'disconnect'));
    expect(client.other).toMatchObject([
      { event: 'problem', value: { code: 'not-authenticated' } },
      { event: 'disconnect', value: { reason: 'io server disconnect' } },
    ]);
  });

  it('lets in fifty of a user, also when all come at once, and others when they have gone', async () => {
    let arrived = 0;
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const given = await stageWith(async (token) => {
      arrived++;
      await opened;
      return given.callers.get(token)!;
    });
    const [ann, bo] = [await given.create(), await given.create()];
    const clients = Array.from({ length: 60 }, () => given.client(ann));
    for (const { socket } of clients) socket.connect();
    await eventually(() => arrived === 60);
    open();
    await eventually(() => clients.every(({ other }) => other.length > 0));
    const refused = clients.filter(({ other }) => other[0]!.event === 'connect_error');
    expect(refused).toHaveLength(10);
    for (const { other } of refused) expect(other[0]!.value.code).toBe('too-many-attempts');
    await given.connect(bo);
    clients.find(({ socket }) => socket.connected)!.socket.disconnect();
    await eventually(() => given.gateway.connected === 50);
    await given.connect(ann);
  });

  it('bears what clients send', async () => {
    const [ann, bo] = [await stage.create(), await stage.create()];
    const [rude, flood, calm] = [await stage.connect(ann), await stage.connect(ann), await stage.connect(bo)];
    rude.socket.emit('user.deleted', { id: bo });
    rude.socket.emit('error', 'boom');
    rude.socket.emit('__proto__', null, { constructor: 1 }, () => undefined);
    await eventually(() => rude.other.filter(({ event }) => event === 'problem').length === 3);
    expect(rude.other.at(-1)!.value.code).toBe('malformed-request');
    rude.socket.emit('big', 'x'.repeat(200_000));
    await eventually(() => rude.other.some(({ event }) => event === 'disconnect'));
    for (let index = 0; index < 100; index++) flood.socket.emit('again', index);
    await eventually(() => flood.other.some(({ event }) => event === 'disconnect'));
    const raw = connectTcp({ port: Number(new URL(stage.url).port), host: '127.0.0.1' });
    raw.on('error', () => undefined).write('GET /socket.io/?EIO=4&transport=polling&sid=\0 HTTP/1.1\r\n\r\n');
    raw.destroy();
    await stage.change(bo, { name: 'Bob' });
    await eventually(() => calm.heard.length === 1);
  });

  it('serves polling, and the client’s library', async () => {
    const ann = await stage.create();
    const client = await stage.connect(ann, undefined, { transports: ['polling'] });
    await stage.change(ann, { name: 'Ann Lee' });
    await eventually(() => client.heard.length === 1);
    const library = await fetch(`${stage.url}/socket.io/socket.io.esm.min.js`);
    expect(library.status).toBe(200);
    expect(library.headers.get('content-type')).toContain('javascript');
  });
});

it('drops a client that doesn’t read, and nobody else notices', async () => {
  const [ann, root] = [await stage.create('Ann'), await admin()];
  const [slow, quick] = [await stage.connect(root), await stage.connect(root)];
  slow.socket.io.reconnection(false);
  const stuck = slow.socket.io.engine as unknown as { transport: { ws: { pause(): void } } };
  stuck.transport.ws.pause();
  let changes = 0;
  while (stage.gateway.connected === 2 && changes < 400) {
    await Promise.all(Array.from({ length: 50 }, () => stage.create('x'.repeat(100_000))));
    changes += 50;
    await eventually(() => quick.heard.length === changes);
  }
  expect(stage.gateway.connected).toBe(1);
  expect(ann).toBeDefined();
  await expectAll(quick, String(quick.other[0]!.value.cursor).split('.')[1]!);
}, 40_000);
