import type { Topic } from './ports/bus.ts';

const hourMs = 60 * 60 * 1_000;

/**
 * One partition: every query-api reads all of it anyway, and order is by position. Kept as long as the notices
 * themselves: what is older is nobody's news, and what is younger can still be read from the view.
 */
export const usersTopic: Topic = { name: 'users', partitions: 1, retentionMs: 24 * hourMs };
/** Key: the symbol. A price is sent anew every minute at least, so that an hour is plenty to look back in. */
export const pricesTopic: Topic = { name: 'prices', partitions: 4, retentionMs: hourMs };
export const allTopics: readonly Topic[] = [usersTopic, pricesTopic];
