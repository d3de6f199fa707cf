/** The hash of names in NSEC3. RFC 5155 §5; base32hex of RFC 4648 §7. */
import { hash } from 'node:crypto';
import type { Name } from '../name.ts';

const DIGITS = '0123456789abcdefghijklmnopqrstuv';

/** SHA-1 over name and salt, and then `iterations` times over hash and salt. @returns base32hex in lower case. */
export function nsec3Hash(name: Name, salt: Uint8Array, iterations: number): string {
  let digest = hash('sha1', Buffer.concat([Buffer.from(name, 'latin1'), salt]), 'buffer');
  const input = Buffer.alloc(digest.length + salt.length);
  input.set(salt, digest.length);
  for (let left = iterations; left > 0; left -= 1) {
    input.set(digest);
    digest = hash('sha1', input, 'buffer');
  }
  return base32Hex(digest);
}

/** Without padding, which 20 octets do not need. */
export function base32Hex(octets: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = ((held << 8) | octet) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += DIGITS[(held >> (bits - 5)) & 31] ?? '';
  }
  return bits === 0 ? text : text + (DIGITS[(held << (5 - bits)) & 31] ?? '');
}
