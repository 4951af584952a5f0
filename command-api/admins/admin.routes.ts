import { grantAdmin as grantOperation, revokeAdmin as revokeOperation } from '../../contracts/http/user-operations.ts';
import type { EventStore } from '../../contracts/ports/event-store.ts';
import type { Endpoint, Route } from '../../http/route.ts';
import { grantAdmin, revokeAdmin } from './appointments.ts';

export const adminRoutes = ({ store }: { readonly store: EventStore }, endpoint: Endpoint): Route[] => [
  endpoint(grantOperation, async ({ params, metadata }) => ({
    position: await grantAdmin(store, params.userId, metadata),
  })),
  endpoint(revokeOperation, async ({ params, metadata }) => ({
    position: await revokeAdmin(store, params.userId, metadata),
  })),
];
