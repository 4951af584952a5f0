/** What can run as a process of its own, or all together in one. */
export const allServices = ['command-api', 'query-api', 'projector', 'ingest'] as const;
export type Service = (typeof allServices)[number];
