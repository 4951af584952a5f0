import { createHmac } from 'node:crypto';
import { domainToASCII } from 'node:url';

/** Goes into the key, so that addresses normalised another way would get other keys. */
const version = 'v1';

/** Two spellings that reach one mailbox are one address: NFC, lower case, the domain in ASCII (IDNA). */
const normalise = (email: string): string => {
  const text = email.normalize('NFC').trim().toLowerCase();
  const at = text.lastIndexOf('@');
  // The dot of the root may be written or not.
  const domain = text.slice(at + 1).replace(/\.$/, '');
  return `${text.slice(0, at)}@${domainToASCII(domain) || domain}`;
};

/** Names an email address in streams, views and limits without saying it: HMAC-SHA-256, hexadecimal. */
export const addressKeyOf = (secret: Uint8Array, email: string): string =>
  createHmac('sha256', secret)
    .update(`${version}\n${normalise(email)}`)
    .digest('hex');
