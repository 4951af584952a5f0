/** One entry per way a request can fail: what is answered, and whether trying the same again can help. */
const catalogue = {
  'validation-failed': { status: 422, title: 'Some fields are not valid', retriable: false },
  'malformed-json': { status: 400, title: 'The body is not valid JSON', retriable: false },
  'malformed-request': { status: 400, title: 'The request is malformed', retriable: false },
  'body-too-large': { status: 413, title: 'The body is too large', retriable: false },
  'unsupported-media-type': { status: 415, title: 'The body must be JSON', retriable: false },
  'bad-cursor': { status: 400, title: 'The cursor is not one that this service gave', retriable: false },
  'bad-consistency-token': {
    status: 400,
    title: 'The Consistency-Token is not one that this service gave',
    retriable: false,
  },
  'not-authenticated': { status: 401, title: 'A valid access token is needed', retriable: false },
  'bad-credentials': { status: 401, title: 'Email or password is wrong', retriable: false },
  'bad-refresh-token': {
    status: 401,
    title: 'The refresh token is not valid any more; sign in again',
    retriable: false,
  },
  forbidden: { status: 403, title: 'This is not allowed for you', retriable: false },
  'bad-setup-token': { status: 403, title: 'The setup token is wrong', retriable: false },
  'route-not-found': { status: 404, title: 'There is nothing at this address', retriable: false },
  'method-not-allowed': { status: 405, title: 'This address does not take that method', retriable: false },
  'user-not-found': { status: 404, title: 'No such user', retriable: false },
  'unknown-symbol': { status: 404, title: 'No such symbol here', retriable: false },
  'email-taken': { status: 409, title: 'The email address is taken', retriable: false },
  'registration-abandoned': {
    status: 409,
    title: 'This registration took too long and was given up; register again, with a new Idempotency-Key',
    retriable: false,
  },
  'last-admin': { status: 409, title: 'The last admin can’t step down', retriable: false },
  'admin-must-step-down': { status: 409, title: 'An admin steps down before the account is deleted', retriable: false },
  'idempotency-key-in-use': {
    status: 409,
    title: 'A request with this Idempotency-Key is still running',
    retriable: true,
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'This Idempotency-Key came with another request before',
    retriable: false,
  },
  'setup-done': { status: 410, title: 'The setup is done', retriable: false },
  'store-replaced': {
    status: 410,
    title: 'The store has been replaced since this token was given; read again',
    retriable: false,
  },
  'revision-conflict': { status: 412, title: 'The resource has changed since it was read', retriable: true },
  'too-many-attempts': { status: 429, title: 'Too many attempts', retriable: true },
  'email-undecided': { status: 503, title: 'Somebody is just taking or giving up this address', retriable: true },
  'view-behind': { status: 503, title: 'The view has not seen this write yet', retriable: true },
  'price-unavailable': { status: 503, title: 'There is no price yet', retriable: true },
  busy: { status: 503, title: 'Too much to do just now', retriable: true },
  'deadline-exceeded': {
    status: 503,
    title: 'This took too long; it may have been done all the same',
    retriable: true,
  },
  /** The gateway's own: no process took it, or the one that did is gone. */
  'service-unavailable': { status: 503, title: 'The service does not answer just now', retriable: true },
  'shutting-down': { status: 503, title: 'This process is stopping', retriable: true },
  'store-unavailable': { status: 503, title: 'The store did not take or answer this', retriable: true },
  'bus-unavailable': { status: 503, title: 'The message bus is away', retriable: true },
  'exchange-unavailable': { status: 503, title: 'The exchange is away', retriable: true },
  internal: { status: 500, title: 'Something went wrong on our side', retriable: true },
} as const;

export type ErrorCode = keyof typeof catalogue;
export const errorCodes = Object.keys(catalogue) as readonly ErrorCode[];

/** One thing that is wrong with a request. */
export interface FieldError {
  /** RFC 6901 pointer into the body, or `/query/<name>`, `/path/<name>`, `/header/<name>`. */
  readonly pointer: string;
  /** The rule that it breaks, e.g. `too_small`, `unrecognized_keys`. */
  readonly code: string;
  readonly detail: string;
}

export interface ErrorDetails {
  /** What is wrong this time. Nothing personal. */
  readonly detail?: string | undefined;
  readonly errors?: readonly FieldError[] | undefined;
  /** When trying again makes sense. */
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

/** A failure that the catalogue knows. Everything else is a bug and answers 500. */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly title: string;
  readonly retriable: boolean;
  readonly detail: string | undefined;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, { detail, errors, retryAfterSeconds, cause }: ErrorDetails = {}) {
    const { status, title, retriable } = catalogue[code];
    super(detail === undefined ? title : `${title}: ${detail}`, { cause });
    this.name = 'DomainError';
    this.code = code;
    this.status = status;
    this.title = title;
    this.retriable = retriable;
    this.detail = detail;
    this.errors = errors;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export const isDomainError = (error: unknown, code?: ErrorCode): error is DomainError =>
  error instanceof DomainError && (code === undefined || error.code === code);

/** Title, status and whether to try again, for the API's documentation. */
export const describeError = (code: ErrorCode) => catalogue[code];
