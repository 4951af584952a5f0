import { eventually } from '../../test/support/eventually.ts';
import { type OpenStream, openStream } from '../../test/support/open-stream.ts';
import { walk } from '../market/walk.source.ts';
import { type ExchangeSimulator, startExchangeSimulator } from '../start-exchange-simulator.ts';

const decimal = expect.stringMatching(/^\d+\.\d{8}$/);
const number = expect.any(Number);

describe('the streams', () => {
  let simulator: ExchangeSimulator;
  const start = async (pingIntervalMs?: number) => {
    // Sixty times as fast as real time, so that a minute closes while one looks.
    const begunAt = Date.now();
    const clock = () => begunAt + (Date.now() - begunAt) * 60;
    const symbols = ['BTCUSDT', 'ETHUSDT'].map((symbol) => ({ symbol, startPrice: '3150.20' }));
    const source = walk({ seed: 1, symbols, historyMinutes: 5, clock });
    simulator = await startExchangeSimulator({ source, ...(pingIntervalMs && { pingIntervalMs }) });
  };
  afterEach(() => simulator.stop());

  const open = (path: string, options = {}) => openStream(`${simulator.webSocketUrl}${path}`, options);
  const reply = async (stream: OpenStream, request: unknown) => {
    stream.socket.send(typeof request === 'string' ? request : JSON.stringify(request));
    const seen = stream.messages.length;
    return eventually(() => stream.messages.slice(seen).find((message) => 'result' in message || 'error' in message));
  };

  it('sends raw events with the fields of Binance', async () => {
    await start();
    const trade = await open('/ws/btcusdt@trade');
    const { messages } = await open('/ws/btcusdt@kline_1m/btcusdt@miniTicker');
    const wanted = await eventually(() => {
      const kline = messages.find(({ e, k }) => e === 'kline' && (k as { x: boolean }).x);
      const ticker = messages.find(({ e }) => e === '24hrMiniTicker');
      return kline && ticker && trade.messages[0] && { kline, ticker, trade: trade.messages[0] };
    });
    expect(wanted.trade).toEqual({
      e: 'trade',
      E: number,
      s: 'BTCUSDT',
      t: number,
      p: decimal,
      q: decimal,
      T: number,
      m: expect.any(Boolean),
      M: true,
    });
    expect(wanted.ticker).toEqual({
      e: '24hrMiniTicker',
      E: number,
      s: 'BTCUSDT',
      c: decimal,
      o: decimal,
      h: decimal,
      l: decimal,
      v: decimal,
      q: decimal,
    });
    const { k } = wanted.kline as { k: { t: number } };
    expect(wanted.kline).toEqual({ e: 'kline', E: k.t + 60_000, s: 'BTCUSDT', k: expect.anything() });
    const text = { o: decimal, c: decimal, h: decimal, l: decimal, v: decimal, q: decimal, V: decimal, Q: decimal };
    const ids = { f: number, L: number, n: 30 };
    expect(k).toEqual({ t: number, T: k.t + 59_999, s: 'BTCUSDT', i: '1m', x: true, B: '0', ...ids, ...text });
    expect(trade.headers['x-simulator']).toBe('simulator');
  });

  it('wraps combined streams, and takes and ends subscriptions', async () => {
    await start();
    const stream = await open('/stream?streams=btcusdt@trade');
    await eventually(() => stream.messages.some((message) => message.stream === 'btcusdt@trade'));
    expect(await reply(stream, { method: 'SUBSCRIBE', params: ['ethusdt@trade', 'nope@x'], id: 1 })).toEqual({
      result: null,
      id: 1,
    });
    await eventually(() => stream.messages.some((message) => message.stream === 'ethusdt@trade'));
    expect(await reply(stream, { method: 'LIST_SUBSCRIPTIONS', id: 'a1' })).toEqual({
      result: ['btcusdt@trade', 'ethusdt@trade', 'nope@x'],
      id: 'a1',
    });
    expect(await reply(stream, { method: 'UNSUBSCRIBE', params: ['btcusdt@trade'], id: null })).toEqual({
      result: null,
      id: null,
    });
    const from = stream.messages.length;
    await eventually(() => stream.messages.length > from + 20);
    expect(new Set(stream.messages.slice(from).map((message) => message.stream))).toEqual(new Set(['ethusdt@trade']));
  });

  it.each([
    ['{', { error: { code: 3, msg: 'Invalid JSON: expected value at line 1 column 1' } }],
    [
      { params: [], id: 1 },
      { error: { code: 2, msg: expect.stringContaining('missing field `method`') }, id: 1 },
    ],
    [
      { method: 'SUB', params: [], id: 1 },
      {
        error: { code: 2, msg: expect.stringMatching(/unknown variant `SUB`, expected one of `SUBSCRIBE`, `UNSUB/) },
        id: 1,
      },
    ],
    [
      { method: 'SUBSCRIBE', params: [], id: 1.5 },
      { error: { code: 2, msg: 'Invalid request: request ID must be an unsigned integer' } },
    ],
    [
      { method: 'SUBSCRIBE', params: [1], id: 1 },
      { error: { code: 2, msg: expect.any(String) }, id: 1 },
    ],
    [
      { method: 'GET_PROPERTY', params: ['x'], id: 1 },
      { error: { code: 0, msg: 'Unknown property' }, id: 1 },
    ],
    [
      { method: 'SET_PROPERTY', params: ['combined', 1], id: 1 },
      { error: { code: 1, msg: 'Invalid value type: expected Boolean' }, id: 1 },
    ],
    [
      { method: 'GET_PROPERTY', params: ['combined'], id: 1 },
      { result: false, id: 1 },
    ],
    [
      { method: 'SUBSCRIBE', params: Array.from({ length: 1025 }, (_, n) => `s${n}@trade`), id: 1 },
      { error: { code: 4, msg: 'Too many subscriptions' }, id: 1 },
    ],
  ])('replies as Binance does (request %#)', async (request, expected) => {
    await start();
    expect(await reply(await open('/ws'), request)).toEqual(expected);
  });

  it('answers 404 elsewhere', async () => {
    await start();
    await expect(open('/nowhere')).rejects.toThrow('404');
  });

  it('closes who sends more than five messages a second', async () => {
    await start();
    const stream = await open('/ws');
    for (let id = 1; id <= 6; id += 1) stream.socket.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id }));
    expect(await eventually(() => stream.closed)).toEqual({ code: 1008, reason: 'Too many requests' });
    expect(stream.messages).toHaveLength(5);
  });

  it('pings, keeps who answers and closes who does not', async () => {
    await start(100);
    const good = await open('/ws');
    const bad = await open('/ws', { autoPong: false });
    let pings = 0;
    good.socket.on('ping', () => {
      pings += 1;
    });
    expect(await eventually(() => bad.closed)).toEqual({ code: 1008, reason: 'Pong timeout' });
    await eventually(() => pings > 6);
    expect(good.closed).toBeUndefined();
  });
});
