import { eventually } from '../../test/support/eventually.ts';
import { walk } from '../market/walk.source.ts';
import { type ExchangeSimulator, startExchangeSimulator } from '../start-exchange-simulator.ts';
import { RequestWeight } from './request-weight.ts';

const nowMs = Date.UTC(2026, 0, 5, 10, 30, 20);
const symbols = [
  { symbol: 'BTCUSDT', startPrice: '67187.34' },
  { symbol: 'ETHUSDT', startPrice: '3150.20' },
];

describe('REST', () => {
  let simulator: ExchangeSimulator;
  beforeAll(async () => {
    const source = walk({ seed: 1, symbols, historyMinutes: 1440, clock: () => nowMs });
    simulator = await startExchangeSimulator({ source, name: 'demo.market' });
  });
  afterAll(() => simulator.stop());

  const get = async (path: string) => {
    const answer = await fetch(`${simulator.restUrl}${path}`);
    return { status: answer.status, headers: answer.headers, body: JSON.parse((await answer.text()) || 'null') };
  };
  const klines = async (query: string) =>
    (await get(`/api/v3/klines?symbol=BTCUSDT&interval=1m&${query}`)).body as [number, ...string[]][];

  it.each([
    ['/api/v3/ticker/price?symbol=NOPE', -1121, 'Invalid symbol.'],
    ['/api/v3/ticker/price?symbols=["BTCUSDT","NOPE"]', -1121, 'Invalid symbol.'],
    ['/api/v3/ticker/price?symbols=["BTCUSDT","BTCUSDT"]', -1151, /multiple times/],
    ['/api/v3/ticker/price?symbols=BTCUSDT', -1100, /parameter 'symbols'/],
    ['/api/v3/ticker/price?symbol=btcusdt', -1100, /'symbol'; legal range is '\^\[\\w\\-\._&&\[\^a-z\]\]\{1,50\}\$'/],
    ['/api/v3/ticker/price?symbol=', -1105, "Parameter 'symbol' was empty."],
    ['/api/v3/ticker/price?symbol=BTCUSDT&symbols=["BTCUSDT"]', -1128, /Combination/],
    ['/api/v3/ticker/price?symbol=BTCUSDT&symbol=BTCUSDT', -1101, 'Duplicate values for a parameter detected.'],
    ['/api/v3/time?a=1', -1101, "Too many parameters; expected '0' and received '1'."],
    ['/api/v3/exchangeInfo?symbol=NOPE', -1121, 'Invalid symbol.'],
    ['/api/v3/klines', -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."],
    ['/api/v3/klines?symbol=BTCUSDT', -1102, /'interval'/],
    ['/api/v3/klines?symbol=BTCUSDT&interval=7m', -1120, 'Invalid interval.'],
    ['/api/v3/klines?symbol=BTCUSDT&interval=toString', -1120, 'Invalid interval.'],
    ['/api/v3/klines?symbol=NOPE&interval=1m', -1121, 'Invalid symbol.'],
    ['/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=-1', -1100, /'limit'; legal range is '\^\[0-9\]\{1,20\}\$'/],
    ['/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=0', -1130, /limit/],
    ['/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=today', -1100, /'startTime'/],
  ])('%s is %i', async (path, code, message) => {
    const { status, body, headers } = await get(path);
    expect([status, body.code]).toEqual([400, code]);
    expect(body).toEqual({ code, msg: expect.stringMatching(message) });
    expect(headers.get('x-simulator')).toBe('demo.market');
  });

  it('has nothing at other addresses, and says who it is there too', async () => {
    const { status, headers } = await get('/api/v3/nope');
    expect([status, headers.get('x-simulator')]).toEqual([404, 'demo.market']);
    expect((await fetch(`${simulator.restUrl}/api/v3/ping`, { method: 'POST' })).status).toBe(405);
  });

  it.each([
    ['/api/v3/ping', 1],
    ['/api/v3/time', 1],
    ['/api/v3/exchangeInfo', 20],
    ['/api/v3/ticker/price?symbol=BTCUSDT', 2],
    ['/api/v3/ticker/price', 4],
    ['/api/v3/ticker/price?symbols=["BTCUSDT"]', 4],
    ['/api/v3/klines?symbol=BTCUSDT&interval=1m', 2],
  ])('%s weighs %i', async (path, weight) => {
    // Two in the same minute of real time tell the weight of the second.
    await eventually(async () => {
      const [first, second] = [await get(path), await get(path)].map(({ headers }) => ({
        minute: Number(headers.get('x-mbx-used-weight-1m')),
        bare: Number(headers.get('x-mbx-used-weight')),
      }));
      return second!.minute - first!.minute === weight && second!.bare === second!.minute;
    });
  });

  it('answers time, prices and symbols', async () => {
    expect((await get('/api/v3/ping')).body).toEqual({});
    expect((await get('/api/v3/time')).body).toEqual({ serverTime: nowMs });
    const all = (await get('/api/v3/ticker/price')).body;
    expect(all).toEqual(symbols.map(({ symbol }) => ({ symbol, price: expect.stringMatching(/^\d+\.\d{2}0{6}$/) })));
    expect((await get('/api/v3/ticker/price?symbol=ETHUSDT')).body).toEqual(all[1]);
    expect((await get('/api/v3/ticker/price?symbols=["ETHUSDT","BTCUSDT"]')).body).toEqual([all[1], all[0]]);
    const info = (await get('/api/v3/exchangeInfo?symbols=["ETHUSDT"]')).body;
    expect(info.symbols).toEqual([
      expect.objectContaining({ symbol: 'ETHUSDT', status: 'TRADING', baseAsset: 'ETH', quoteAsset: 'USDT' }),
    ]);
    expect((await get('/api/v3/exchangeInfo')).body.symbols).toHaveLength(2);
    expect(info.rateLimits[0]).toEqual(expect.objectContaining({ rateLimitType: 'REQUEST_WEIGHT', limit: 6000 }));
  });

  it('answers klines by start, end and limit, the open one last', async () => {
    const minute = (back: number) => Date.UTC(2026, 0, 5, 10, 30) - back * 60_000;
    const times = (rows: [number, ...string[]][]) => rows.map(([openTimeMs]) => openTimeMs);
    const all = await klines('');
    expect(all).toHaveLength(500);
    expect(times(all).at(-1)).toBe(minute(0));
    expect(all.at(-1)![4]).toBe((await get('/api/v3/ticker/price?symbol=BTCUSDT')).body.price);
    expect(all[0]).toEqual([
      minute(499),
      ...Array(5).fill(expect.stringMatching(/^\d+\.\d{8}$/)),
      minute(498) - 1,
      expect.stringMatching(/^\d+\.\d{8}$/),
      30,
      ...Array(2).fill(expect.stringMatching(/^\d+\.\d{8}$/)),
      '0',
    ]);
    expect(times(await klines('limit=2'))).toEqual([minute(1), minute(0)]);
    expect(times(await klines(`limit=2&startTime=${minute(9)}`))).toEqual([minute(9), minute(8)]);
    expect(times(await klines(`limit=2&startTime=${minute(9) + 1}`))).toEqual([minute(8), minute(7)]);
    expect(times(await klines(`limit=2&endTime=${minute(9)}`))).toEqual([minute(10), minute(9)]);
    expect(times(await klines(`startTime=${minute(9)}&endTime=${minute(8)}`))).toEqual([minute(9), minute(8)]);
    expect(await klines(`startTime=${minute(8)}&endTime=${minute(9)}`)).toEqual([]);
    expect(await klines('limit=5000')).toHaveLength(1000);
    expect(times(await klines('limit=1&startTime=0'))).toEqual([minute(1440)]);
    const [hour] = (await get('/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=1')).body;
    const minutes = await klines(`startTime=${hour[0]}`);
    expect([hour[0], hour[1], hour[4], hour[6]]).toEqual([
      minutes[0]![0],
      minutes[0]![1],
      minutes.at(-1)![4],
      hour[0] + 3_599_999,
    ]);
  });
});

describe('the request weight', () => {
  it('is refused beyond the limit, then banned for longer each time, and is back with the next minute', () => {
    let timeMs = 600_000;
    const weight = new RequestWeight(10, () => timeMs);
    const statuses = (times: number) => Array.from({ length: times }, () => weight.spend(5).refusal?.error.status);
    expect(statuses(3)).toEqual([undefined, undefined, 429]);
    timeMs += 20_000;
    expect(weight.spend(5)).toMatchObject({ usedWeight: 20, refusal: { retryAfterSeconds: 40 } });
    timeMs += 40_000;
    expect(statuses(2)).toEqual([undefined, undefined]);
    expect(statuses(11)).toEqual([...Array(10).fill(429), 418]);
    timeMs += 119_000;
    expect(weight.spend(1).refusal).toMatchObject({ error: { status: 418, code: -1003 }, retryAfterSeconds: 1 });
    timeMs += 1_000;
    expect(weight.spend(1).refusal).toBeUndefined();
    statuses(12);
    expect(weight.spend(1).refusal).toMatchObject({ error: { status: 418 }, retryAfterSeconds: 240 });
  });

  it('is answered as 429 with Retry-After', async () => {
    const source = walk({ seed: 1, symbols, historyMinutes: 0 });
    const simulator = await startExchangeSimulator({ source, weightLimit: 19 });
    try {
      const answer = await fetch(`${simulator.restUrl}/api/v3/exchangeInfo`);
      expect(answer.status).toBe(429);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(answer.headers.get('x-mbx-used-weight-1m')).toBe('20');
      expect(await answer.json()).toEqual({
        code: -1003,
        msg: expect.stringContaining('19 request weight per 1 MINUTE'),
      });
    } finally {
      await simulator.stop();
    }
  });
});
