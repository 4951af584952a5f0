import { DomainError } from '../contracts/errors.ts';
import type { Position } from '../contracts/ports/event-store.ts';
import type { ViewDefinition } from '../contracts/ports/view-store.ts';
import type { Reached, ViewProgress } from '../runtime/view-progress.ts';

const behind = () => new DomainError('view-behind', { retryAfterSeconds: 1 });

/**
 * The version of the view to read, as soon as it shows what the reader has seen before; at once when the reader asks for
 * nothing.
 * @throws DomainError 'view-behind' after a second, 'store-unavailable'
 */
export const waitForMinimum = async (
  progress: ViewProgress,
  view: ViewDefinition,
  minimum: Position | undefined,
): Promise<ViewDefinition> => {
  if (minimum === undefined) return progress.served.of(view);
  const version = await progress.waitUntil(view, minimum);
  if (!version) throw behind();
  return version;
};

/** The same, and how far the version is just now: whoever reads from it then, and listens from there on, misses nothing. */
export const positionFrom = async (
  progress: ViewProgress,
  view: ViewDefinition,
  minimum: Position | undefined,
): Promise<Reached> => {
  const reached = await progress.position(view, minimum);
  if (!reached) throw behind();
  return reached;
};
