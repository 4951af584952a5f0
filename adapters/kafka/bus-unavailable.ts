import { DomainError } from '../../contracts/errors.ts';

interface KafkaError extends Error {
  readonly type?: string;
  readonly errors?: readonly Error[];
}

/** The broker's name of what is wrong, e.g. `REBALANCE_IN_PROGRESS`; kafkajs wraps it when it gives up trying. */
export const brokerErrorType = (error: unknown): string | undefined =>
  error instanceof Error ? ((error as KafkaError).type ?? brokerErrorType(error.cause)) : undefined;

/** What kafkajs throws, as the port has it. Not all of it are errors of its own classes: "Broker not connected" is none. */
export const busUnavailable = (error: unknown): DomainError => {
  if (error instanceof DomainError) return error;
  const { errors, message } = error as KafkaError;
  return new DomainError('bus-unavailable', {
    detail: errors?.map((each) => each.message).join('; ') ?? message,
    cause: error,
  });
};
