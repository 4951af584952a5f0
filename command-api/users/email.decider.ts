import type { Decider } from '../../contracts/decider.ts';
import type { EmailEvent } from '../../contracts/events/email-events.ts';

export interface Holder {
  readonly userId: string;
  readonly reservationId: string;
}

/** Who holds, or is just taking, the address. */
export interface EmailAddress {
  readonly holder: Holder | undefined;
}

export type EmailCommand =
  /** Whoever sends it has judged the holder it replaces: see `reserve-address.ts`. */
  ({ readonly type: 'reserve-email' } & Holder) | { readonly type: 'release-email'; readonly reservationId: string };

export const emailDecider: Decider<EmailCommand, EmailAddress, EmailEvent> = {
  initial: { holder: undefined },

  decide: {
    'reserve-email': ({ type: _, ...data }, { holder }) =>
      holder?.reservationId === data.reservationId ? [] : [{ type: 'email.reserved', data }],
    'release-email': ({ reservationId }, { holder }) =>
      holder?.reservationId === reservationId ? [{ type: 'email.released', data: { reservationId } }] : [],
  },

  evolve: {
    'email.reserved': ({ data }) => ({ holder: data }),
    'email.released': ({ data }, address) =>
      address.holder?.reservationId === data.reservationId ? { holder: undefined } : address,
  },
};
