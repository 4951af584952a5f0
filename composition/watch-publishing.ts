import type { Bus } from '../contracts/ports/bus.ts';
import type { HealthCheck } from '../runtime/health.ts';

/** The same bus, and a check that says whether what was last published got there. Without it views are made all the same. */
export const watchPublishing = (bus: Bus): { readonly bus: Bus; readonly check: HealthCheck } => {
  let failed = false;
  return {
    bus: {
      prepare: (topics) => bus.prepare(topics),
      consume: (options, handle) => bus.consume(options, handle),
      publish: async (topic, messages) => {
        try {
          await bus.publish(topic, messages);
          failed = false;
        } catch (error) {
          failed = true;
          throw error;
        }
      },
    },
    check: {
      name: 'bus',
      check: () => (failed ? { state: 'degraded', detail: 'takes no messages: notices come later' } : { state: 'ok' }),
    },
  };
};
