import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

type Values = Iterable<readonly [label: string, value: number]>;

const readOrNothing = async (read: () => Values | Promise<Values>): Promise<Values> => {
  try {
    return await read();
  } catch {
    // What it asks is away, which readiness says; the other numbers are wanted all the more.
    return [];
  }
};

/** Numbers for Prometheus: requests (rate, errors, duration), and gauges that are read when they are asked for. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'operation' | 'status'>;
  readonly #cache: Counter<'result'>;

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Duration of requests by operation and status',
      labelNames: ['operation', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers: [this.#registry],
    });
    this.#cache = new Counter({
      name: 'price_cache_requests_total',
      help: 'Prices asked for, by where they were found',
      labelNames: ['result'],
      registers: [this.#registry],
    });
  }

  observeRequest(operation: string, status: number, seconds: number): void {
    this.#requests.observe({ operation, status }, seconds);
  }

  countCache(result: string): void {
    this.#cache.inc({ result });
  }

  /** A gauge whose values, by label, are read when the page is. Where they can't be, the page comes without them. */
  gauge(name: string, help: string, label: string, read: () => Values | Promise<Values>): void {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      async collect() {
        this.reset();
        const values = await readOrNothing(read);
        for (const [key, value] of values) this.set({ [label]: key }, value);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  page(): Promise<string> {
    return this.#registry.metrics();
  }
}
