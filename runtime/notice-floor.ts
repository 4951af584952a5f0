import type { Position } from '../contracts/ports/event-store.ts';
import type { ViewDefinition, ViewStore } from '../contracts/ports/view-store.ts';

/** Has no rows: its checkpoint is the floor. */
const noticeFloorView: ViewDefinition = { name: 'notice-floor', version: 1 };

/** Notices up to this position are not kept any more: a cursor below it has missed some. 0 while all are there. */
export const noticeFloor = async (views: ViewStore): Promise<Position> =>
  (await views.checkpoint(noticeFloorView)) ?? 0n;

/** To call before the notices up to there are purged: a reader must never take a gap for everything. */
export const raiseNoticeFloor = (views: ViewStore, to: Position): Promise<void> => views.apply(noticeFloorView, [], to);
