import { randomUUID } from 'node:crypto';
import type { Limiter, Limiters } from '../../contracts/ports/limiter.ts';

export interface OpenLimiters {
  readonly limiters: Limiters;
  /** Lets this much time pass for the limits. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** What every limiter promises. Each adapter runs this whole suite, and nothing weaker. */
export const limiterContract = (name: string, open: () => Promise<OpenLimiters>) =>
  describe(`limiter: ${name}`, () => {
    const [tries, windowSeconds] = [3, 60];
    let limiters: Limiters;
    let pass: OpenLimiters['pass'];
    let close: OpenLimiters['close'];
    beforeAll(async () => {
      ({ limiters, pass, close } = await open());
    });
    afterAll(() => close());
    const newLimiter = () => limiters({ name: randomUUID(), tries, windowSeconds });
    const takeAll = async (limiter: Limiter, key: string) => {
      for (let taken = 0; taken < tries; taken++) await limiter.take(key);
    };
    const refusal = (limiter: Limiter, key: string) => expect(limiter.take(key)).rejects;

    it('lets through as many as it may, and then says how long to wait', async () => {
      const limiter = newLimiter();
      await takeAll(limiter, 'a');
      await pass(15_000);
      await refusal(limiter, 'a').toMatchObject({ code: 'too-many-attempts', retryAfterSeconds: 45 });
    });

    it('counts each key and each limit for itself', async () => {
      const [one, other] = [newLimiter(), newLimiter()];
      await takeAll(one, 'a');
      await one.take('b');
      await other.take('a');
      await refusal(one, 'a').toThrow();
    });

    it('counts those who come at once', async () => {
      const limiter = newLimiter();
      const all = await Promise.allSettled(Array.from({ length: 50 }, () => limiter.take('a')));
      expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(tries);
    });

    it('begins anew when the window is over, which began with the first and is drawn out by nobody', async () => {
      const limiter = newLimiter();
      await limiter.take('a');
      await pass(50_000);
      await limiter.take('a');
      const third = await limiter.take('a');
      await refusal(limiter, 'a').toThrow();
      await third.giveBack();
      await limiter.take('a');
      await pass(9_000);
      await refusal(limiter, 'a').toMatchObject({ retryAfterSeconds: 1 });
      await pass(2_000);
      await takeAll(limiter, 'a');
      await refusal(limiter, 'a').toMatchObject({ retryAfterSeconds: windowSeconds });
    });

    it('lets one more through for each that was given back, and however many it refused', async () => {
      const limiter = newLimiter();
      const [first, second] = [await limiter.take('a'), await limiter.take('a')];
      await limiter.take('a');
      for (let refused = 0; refused < 5; refused++) await refusal(limiter, 'a').toThrow();
      await first.giveBack();
      await second.giveBack();
      await limiter.take('a');
      await limiter.take('a');
      await refusal(limiter, 'a').toThrow();
    });

    it('gives those back that come at once', async () => {
      const limiter = newLimiter();
      const rounds = Array.from({ length: 20 }, () => limiter.take('a').then((one) => one.giveBack()));
      await Promise.allSettled(rounds);
      await takeAll(limiter, 'a');
      await refusal(limiter, 'a').toThrow();
    });

    it('counts a try that comes while another one is given back', async () => {
      const limiter = newLimiter();
      const first = await limiter.take('a');
      await Promise.all([first.giveBack(), limiter.take('a')]);
      for (let taken = 1; taken < tries; taken++) await limiter.take('a');
      await refusal(limiter, 'a').toThrow();
    });

    it('makes no room beyond its measure by what is given back too late', async () => {
      const limiter = newLimiter();
      const old = [await limiter.take('a'), await limiter.take('a')];
      await pass(61_000);
      for (const one of old) await one.giveBack();
      await takeAll(limiter, 'a');
      await refusal(limiter, 'a').toThrow();
    });

    it('begins a new window after all was given back', async () => {
      const limiter = newLimiter();
      await (await limiter.take('a')).giveBack();
      await pass(50_000);
      await takeAll(limiter, 'a');
      await refusal(limiter, 'a').toMatchObject({ retryAfterSeconds: windowSeconds });
    });

    it('forgets a key, and takes what is given back after that for nothing', async () => {
      const limiter = newLimiter();
      const first = await limiter.take('a');
      await takeAll(limiter, 'b');
      await limiter.take('a');
      await limiter.take('a');
      await limiter.forget('a');
      await first.giveBack();
      await takeAll(limiter, 'a');
      await refusal(limiter, 'a').toThrow();
      await refusal(limiter, 'b').toThrow();
    });
  });
