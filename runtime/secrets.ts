import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Vault } from '../contracts/ports/vault.ts';

export interface Secrets {
  /** HMAC of email addresses. Never rotates: streams are named by it. */
  readonly addressKey: Buffer;
  /** Chains the events of a stream. */
  readonly auditKey: Buffer;
  /** Derives ids from Idempotency-Keys, and compares bodies. */
  readonly idempotencyKey: Buffer;
  /** PKCS #8 PEM, EC P-256: signs access tokens. */
  readonly signingKey: string;
  /** Makes the first admin, once. */
  readonly setupToken: string;
}

const random32 = () => randomBytes(32).toString('base64url');
const makers: { readonly [Name in keyof Secrets]: () => string } = {
  addressKey: random32,
  auditKey: random32,
  idempotencyKey: random32,
  signingKey: () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  setupToken: () => randomBytes(18).toString('base64url'),
};

/** The secrets of this installation, made at its first start; two processes that start at once agree. */
export const loadSecrets = async (vault: Vault): Promise<Secrets> => {
  const load = async (name: keyof Secrets): Promise<string> => {
    const kept = (await vault.get('secrets', name)) ?? undefined;
    if (kept) return kept.value as string;
    await vault.insert('secrets', name, makers[name]());
    return (await vault.get('secrets', name))?.value as string;
  };
  const bytes = async (name: keyof Secrets) => Buffer.from(await load(name), 'base64url');
  return {
    addressKey: await bytes('addressKey'),
    auditKey: await bytes('auditKey'),
    idempotencyKey: await bytes('idempotencyKey'),
    signingKey: await load('signingKey'),
    setupToken: await load('setupToken'),
  };
};
