import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Limiter, Limiters } from '../../contracts/ports/limiter.ts';

export interface SignInLimitOptions {
  /** Failed attempts within the window for one account, and from one client address. */
  readonly perAccount: number;
  readonly perAddress: number;
  readonly windowSeconds: number;
}

export interface SignInLimitNeeds {
  readonly limiters: Limiters;
  /** Names client addresses in the limits without saying them. One for all processes. */
  readonly secret: Uint8Array;
}

export interface Attempt {
  succeeded(): Promise<void>;
  /** Nothing was learned about the password. */
  untried(): Promise<void>;
}

/**
 * Bounds how often passwords can be guessed. An attempt counts when it begins and is given back when it succeeds, or
 * when the password was never looked at, so that many at once can't slip through.
 */
export class SignInLimits {
  readonly #accounts: Limiter;
  readonly #addresses: Limiter;
  readonly #secret: Uint8Array;

  constructor({ perAccount, perAddress, windowSeconds }: SignInLimitOptions, { limiters, secret }: SignInLimitNeeds) {
    this.#accounts = limiters({ name: 'sign-in-account', tries: perAccount, windowSeconds });
    this.#addresses = limiters({ name: 'sign-in-address', tries: perAddress, windowSeconds });
    this.#secret = secret;
  }

  /**
   * An attempt of the client at `address` (IP) to sign in to the account with this key.
   * @throws DomainError 'too-many-attempts' with when to come again
   */
  async begin(accountKey: string, address: string): Promise<Attempt> {
    const ofAddress = await this.#addresses.take(this.#nameOf(address));
    // When this is refused, the address has guessed all the same.
    const ofAccount = await this.#accounts.take(accountKey);
    return {
      succeeded: async () => {
        await this.#accounts.forget(accountKey);
        await ofAddress.giveBack();
      },
      untried: async () => {
        await ofAccount.giveBack();
        await ofAddress.giveBack();
      },
    };
  }

  #nameOf(address: string): string {
    return createHmac('sha256', this.#secret)
      .update(`client address\n${networkOf(address)}`)
      .digest('hex');
  }
}

/** Who has one address of IPv6 has the 2^64 of its network; one of IPv4 that comes as IPv6 is what it is. */
export const networkOf = (address: string): string => {
  const [, v4] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (v4 !== undefined || !isIPv6(address)) return v4 ?? address;
  const [head = '', tail = ''] = address.toLowerCase().split('%')[0]!.split('::');
  const [first, last] = [head, tail].map((part) => part.split(':').filter(Boolean));
  const zeros = address.includes('::') ? 8 - first!.length - last!.length : 0;
  const groups = [...first!, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...last!];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
};
