import { adminEvents } from './admin-events.ts';
import type { EventType } from './catalogue.ts';
import { emailEvents } from './email-events.ts';
import { priceEvents } from './price-events.ts';
import { securityEvents } from './security-events.ts';
import { userEvents } from './user-events.ts';

/** Every event type there is, by name. */
export const allEvents: Readonly<Record<string, EventType>> = {
  ...userEvents,
  ...emailEvents,
  ...adminEvents,
  ...securityEvents,
  ...priceEvents,
};
