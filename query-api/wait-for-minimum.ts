import { DomainError } from '../contracts/errors.ts';
import type { Position } from '../contracts/ports/event-store.ts';
import type { ViewDefinition } from '../contracts/ports/view-store.ts';
import type { ViewProgress } from '../runtime/view-progress.ts';

/**
 * Resolves when the view shows what the reader has seen before; at once when the reader asks for nothing.
 * @throws DomainError 'view-behind' after a second, 'store-unavailable'
 */
export const waitForMinimum = async (
  progress: ViewProgress,
  view: ViewDefinition,
  minimum: Position | undefined,
): Promise<void> => {
  if (minimum === undefined || (await progress.waitUntil(view, minimum))) return;
  throw new DomainError('view-behind', { retryAfterSeconds: 1 });
};
