import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { addressKeyOf } from './address-key.ts';

const secret = randomBytes(32);
const keyOf = (email: string) => addressKeyOf(secret, email);

it.each([
  ['case', 'Ann@Example.COM'],
  ['space around', ' ann@example.com\n'],
])('is one key whatever the %s', (_, spelling) => expect(keyOf(spelling)).toBe(keyOf('ann@example.com')));

it('is one key for a domain in both its forms, and for both normal forms', () => {
  expect(keyOf('ann@bücher.example')).toBe(keyOf('ann@xn--bcher-kva.example'));
  expect(keyOf('zoe\u0308@example.com')).toBe(keyOf('zo\u00eb@example.com'));
});

it.each(['an.n@example.com', 'ann+1@example.com', 'ann@example.org', 'аnn@example.com', 'ann@exаmple.com'])(
  'is another key for %s',
  (other) => expect(keyOf(other)).not.toBe(keyOf('ann@example.com')),
);

it('says nothing of the address, and depends on the secret', () => {
  expect(keyOf('ann@example.com')).toMatch(/^[\da-f]{64}$/);
  expect(addressKeyOf(randomBytes(32), 'ann@example.com')).not.toBe(keyOf('ann@example.com'));
});

it('is had of any text, also of what is no address', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(keyOf(text)).toMatch(/^[\da-f]{64}$/);
      expect(keyOf(text)).toBe(keyOf(text.normalize('NFC')));
    }),
  );
});
