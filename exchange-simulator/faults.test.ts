import { eventually } from '../test/support/eventually.ts';
import { openStream } from '../test/support/open-stream.ts';
import { walk } from './market/walk.source.ts';
import { type ExchangeSimulator, startExchangeSimulator } from './start-exchange-simulator.ts';

describe('faults on command', () => {
  let simulator: ExchangeSimulator;
  const start = () => {
    const begunAt = Date.now();
    const source = walk({
      seed: 1,
      symbols: [{ symbol: 'BTCUSDT', startPrice: '67187.34' }],
      historyMinutes: 10,
      clock: () => begunAt + (Date.now() - begunAt) * 60,
    });
    return startExchangeSimulator({ source });
  };
  beforeEach(async () => {
    simulator = await start();
  });
  afterEach(() => simulator.stop());

  const get = () => fetch(`${simulator.restUrl}/api/v3/klines?symbol=BTCUSDT&interval=1m`);
  const open = (path = '/ws/btcusdt@trade') => openStream(`${simulator.webSocketUrl}${path}`);
  const heal = async () => {
    simulator.faults.heal();
    expect((await get()).status).toBe(200);
  };

  it('hangs, and cuts what hangs when it heals', async () => {
    const stream = await open();
    simulator.faults.hang();
    let end = 'none';
    const hanging = get().then(
      () => {
        end = 'answered';
      },
      () => {
        end = 'cut';
      },
    );
    // The streams go on meanwhile.
    const seen = stream.messages.length;
    await eventually(() => stream.messages.length > seen + 10);
    expect(end).toBe('none');
    simulator.faults.heal();
    await hanging;
    expect(end).toBe('cut');
    await heal();
  });

  it.each([
    [429, -1003],
    [418, -1003],
    [451, 0],
    [500, -1000],
    [503, -1008],
  ])('answers %i', async (status, code) => {
    simulator.faults.answer(status, { retryAfterSeconds: 7 });
    const answer = await get();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, '7']);
    expect(answer.headers.get('x-simulator')).toBe('simulator');
    expect(await answer.json()).toEqual({ code, msg: expect.any(String) });
    await heal();
  });

  it('breaks off in the middle of a body', async () => {
    simulator.faults.truncate();
    const answer = await get();
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    await heal();
  });

  it('drops every socket and takes new ones', async () => {
    const streams = [await open(), await open('/stream')];
    simulator.faults.dropSockets();
    for (const stream of streams) expect((await eventually(() => stream.closed)).code).toBe(1006);
    const { messages } = await open();
    await eventually(() => messages.length > 0);
  });

  it('refuses new connections and keeps the open ones', async () => {
    const stream = await open();
    simulator.faults.refuseConnections();
    await expect(open()).rejects.toThrow();
    await expect(get()).rejects.toThrow();
    const seen = stream.messages.length;
    await eventually(() => stream.messages.length > seen);
    simulator.faults.heal();
    await open();
    await heal();
  });

  it('falls silent with its sockets open', async () => {
    const stream = await open();
    const witness = await open('/ws');
    await eventually(() => stream.messages.length > 0);
    simulator.faults.silence();
    // What was under way arrives before the pong does.
    stream.socket.ping();
    await eventually(() => new Promise((resolve) => stream.socket.once('pong', () => resolve(true))));
    const seen = stream.messages.length;
    const from = simulator.now();
    await eventually(() => simulator.now() > from + 30_000);
    expect([stream.messages.length, stream.closed, witness.closed]).toEqual([seen, undefined, undefined]);
    simulator.faults.heal();
    await eventually(() => stream.messages.length > seen);
  });

  it('announces a shutdown, raw and wrapped', async () => {
    const [raw, combined] = [await open('/ws'), await open('/stream')];
    simulator.faults.announceShutdown();
    const event = { e: 'serverShutdown', E: expect.any(Number) };
    expect(await eventually(() => raw.messages[0])).toEqual(event);
    expect(await eventually(() => combined.messages[0])).toEqual({ stream: '!serverShutdown', data: event });
  });

  it('stops while a request hangs, sockets are open and nobody reads, and stops once', async () => {
    const stream = await open();
    simulator.faults.hang();
    const hanging = get().catch(() => 'cut');
    await eventually(() => stream.messages.length > 0);
    await Promise.all([simulator.stop(), simulator.stop()]);
    expect(await hanging).toBe('cut');
    await eventually(() => stream.closed);
    await expect(get()).rejects.toThrow();
  });

  it('refuses a name that no header, stream or key could carry', async () => {
    const source = walk({ seed: 1, symbols: [], historyMinutes: 0 });
    await expect(startExchangeSimulator({ source, name: 'a-b' })).rejects.toThrow(RangeError);
  });
});
