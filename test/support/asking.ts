import { randomUUID } from 'node:crypto';
import type { Call, Endpoint, Reply } from '../../http/route.ts';
import { asCommand } from './people.ts';

type Asked = Partial<Omit<Call<unknown, unknown, unknown>, 'params' | 'query'>> & { params?: object; query?: object };
type Respond = (call: Call<unknown, unknown, unknown>) => Promise<Reply>;

/** An endpoint without HTTP: validates parameters and query as the real one does, and calls what answers. */
export const asking = () => {
  const operations = new Map<string, (asked: Asked) => Promise<Reply>>();
  const endpoint: Endpoint = (operation, respond) => {
    operations.set(operation.id, async ({ params = {}, query = {}, ...call }) =>
      (respond as Respond)({
        params: operation.params.parse(params),
        query: operation.query.parse(query),
        body: undefined,
        caller: undefined,
        expected: undefined,
        minimum: undefined,
        metadata: asCommand(),
        newId: randomUUID(),
        address: '',
        ...call,
      }),
    );
    return { operation: operation as never, handler: () => undefined };
  };
  return {
    endpoint,
    /** The answer's body, as it would be read from the wire, with what becomes headers. */
    ask: async (id: string, asked: Asked = {}) => {
      const { bytes, body, ...rest } = await operations.get(id)!(asked);
      return { ...rest, body: JSON.parse(bytes === undefined ? JSON.stringify(body) : String(bytes)) };
    },
  };
};
