import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;
/** Names how a value was sealed, so that the way can change. */
const prefix = 's1.';

/** Encrypts (AES-256-GCM, random nonce). `context` is not stored: what is opened in another context does not open. */
export const seal = (key: Uint8Array, text: string, context: string): string => {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, key, iv).setAAD(Buffer.from(context));
  return (
    prefix + Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url')
  );
};

/** @throws Error when the key or the context is another one, or the text was not sealed or was changed */
export const unseal = (key: Uint8Array, sealed: string, context: string): string => {
  if (!sealed.startsWith(prefix)) throw new Error('not a sealed value');
  const bytes = Buffer.from(sealed.slice(prefix.length), 'base64url');
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(-tagBytes));
  return decipher.update(bytes.subarray(ivBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8');
};
