/** What a login that was begun in clear has shown to everyone on the path. */
import { decodeBase64Text } from './base64.ts';
import { parseLoginAnswer } from './password.ts';
import { parseClientFirst } from './scram.ts';

/** As of the mechanisms that we read exactly. */
const MAX_OCTETS = 1024;

/**
 * The user that the first message of a mechanism names; null where none can be read.
 *
 * @param mechanism in upper case.
 * @param initial in base64.
 */
export function userShown(mechanism: string, initial: string): string | null {
  switch (mechanism) {
    case 'PLAIN':
      // RFC 4616 §2: whom to act for, who it is, the password. Who it is counts, whomever it wants to act for.
      return known(decodeBase64Text(initial)?.split('\0')[1]);
    case 'LOGIN': {
      const user = parseLoginAnswer(initial);
      return user.kind === 'ok' ? user.value : null;
    }
    case 'XOAUTH2': {
      const [first = ''] = decodeBase64Text(initial)?.split('\u0001') ?? [];
      return first.startsWith('user=') ? known(first.slice('user='.length)) : null;
    }
    case 'OAUTHBEARER':
      return known(/^[ny],a=([^,]*),/.exec(decodeBase64Text(initial) ?? '')?.[1]);
    default: {
      const first = parseClientFirst(decodeBase64Text(initial) ?? '');
      return first.kind === 'ok' ? first.value.user : null;
    }
  }
}

function known(user: string | undefined): string | null {
  return user === undefined || user === '' || Buffer.byteLength(user) > MAX_OCTETS ? null : user;
}
