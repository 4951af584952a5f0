import type { Topic } from './ports/bus.ts';

/** One partition: every query-api reads all of it anyway, and order is by position. */
export const usersTopic: Topic = { name: 'users', partitions: 1 };
/** Key: the symbol. */
export const pricesTopic: Topic = { name: 'prices', partitions: 4 };
export const allTopics: readonly Topic[] = [usersTopic, pricesTopic];
