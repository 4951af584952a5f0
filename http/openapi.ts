import { z } from 'zod';
import { describeError, type ErrorCode, errorCodes } from '../contracts/errors.ts';
import type { Allow, Operation } from '../contracts/http/operation.ts';

type Json = Record<string, unknown>;

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' });
  return json;
};

const alwaysPossible: readonly ErrorCode[] = [
  'validation-failed',
  'malformed-request',
  'store-unavailable',
  'deadline-exceeded',
  'internal',
];

const errorsOf = ({ allow, body, idempotent, conditional, method, errors }: Operation): readonly ErrorCode[] => [
  ...alwaysPossible,
  ...errors,
  ...(allow === 'anyone' ? [] : (['not-authenticated'] as const)),
  ...(allow === 'anyone' || allow === 'user' ? [] : (['forbidden'] as const)),
  ...(body instanceof z.ZodUndefined ? [] : (['malformed-json', 'body-too-large', 'unsupported-media-type'] as const)),
  ...(idempotent ? (['idempotency-key-in-use', 'idempotency-key-reused'] as const) : []),
  ...(conditional ? (['revision-conflict', 'busy'] as const) : []),
  ...(method === 'get' ? (['view-behind', 'store-replaced', 'bad-consistency-token'] as const) : []),
];

const problemResponses = (codes: readonly ErrorCode[]): Json => {
  return Object.fromEntries(
    [...groupByStatus(codes)].map(([status, group]) => [
      String(status),
      {
        description: group.map((code) => `\`${code}\`: ${describeError(code).title}`).join('\n\n'),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
};

const groupByStatus = (codes: readonly ErrorCode[]): Map<number, ErrorCode[]> => {
  const groups = new Map<number, ErrorCode[]>();
  for (const code of new Set(codes)) {
    const { status } = describeError(code);
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return groups;
};

const parametersOf = (schema: z.ZodType, place: 'path' | 'query'): Json[] => {
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as { properties?: Json; required?: string[] };
  return Object.entries(properties).map(([name, each]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: each,
  }));
};

const headerParameter = (name: string, description: string): Json => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
});

const headersOf = ({ method, idempotent, conditional }: Operation): Json[] => [
  ...(idempotent
    ? [headerParameter('Idempotency-Key', 'A repeat within 24 hours is answered as the first request.')]
    : []),
  ...(conditional
    ? [headerParameter('If-Match', 'The ETag that was read: fails with 412 when it has changed since.')]
    : []),
  ...(method === 'get'
    ? [headerParameter('Consistency-Token', 'As a write answered it: the read sees that write.')]
    : []),
];

const byToken = { accessToken: [] };
const security: Readonly<Record<Allow, readonly Json[]>> = {
  anyone: [{}],
  'visitor-or-admin': [{}, byToken],
  user: [byToken],
  'self-or-admin': [byToken],
  admin: [byToken],
};

const operationObject = (operation: Operation): Json => {
  const { id, tag, summary, description, allow, params, query, body, answer, example } = operation;
  const hasAnswer = !(answer.schema instanceof z.ZodUndefined);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description && { description }),
    security: security[allow],
    parameters: [...parametersOf(params, 'path'), ...parametersOf(query, 'query'), ...headersOf(operation)],
    ...(!(body instanceof z.ZodUndefined) && {
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: schemaOf(body, 'input'),
            ...(example.body !== undefined && { example: example.body }),
          },
        },
      },
    }),
    responses: {
      [answer.status]: {
        description: answer.description,
        ...(hasAnswer && {
          content: {
            'application/json': {
              schema: schemaOf(answer.schema, 'output'),
              ...(example.answer !== undefined && { example: example.answer }),
            },
          },
        }),
      },
      ...problemResponses(errorsOf(operation)),
    },
  };
};

const problemSchema: Json = {
  type: 'object',
  description: 'RFC 9457. `code` is what a program goes by.',
  required: ['type', 'title', 'status', 'code', 'retriable'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: errorCodes },
    detail: { type: 'string' },
    retriable: { type: 'boolean', description: 'Whether the same request may succeed later.' },
    reference: { type: 'string', description: 'Names the failure in the log.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'code', 'detail'],
        properties: {
          pointer: {
            type: 'string',
            description: 'RFC 6901, into the body; `/path/…`, `/query/…`, `/header/…` elsewhere.',
          },
          code: { type: 'string' },
          detail: { type: 'string' },
        },
      },
    },
  },
};

/** OpenAPI 3.1, from the same table that routes and validates. */
export const openApi = (operations: readonly Operation[]): Json => {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: operationObject(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tidemark',
      version: '0.1.0',
      description: 'Users and live crypto prices, kept as events. See docs/api.md for sockets, tokens and consistency.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Problem: problemSchema },
    },
  };
};
