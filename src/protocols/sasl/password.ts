/**
 * The mechanisms that hand the password over: PLAIN (RFC 4616) and LOGIN.
 *
 * LOGIN was never more than a draft, but clients still come with it. User name and password go on as they were
 * sent: how a password is spelt is for whoever keeps its hash.
 */
import type { Parsed } from '../../names/domain.ts';
import { decodeBase64Text, encodeBase64Text } from './base64.ts';

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Octets of a user name or password. */
const MAX_OCTETS = 1024;

/** The challenges of LOGIN, in base64: `Username:` and `Password:`. */
export const loginChallenges = { user: 'VXNlcm5hbWU6', password: 'UGFzc3dvcmQ6' } as const;

/** Reads the one message of PLAIN, in base64: whom to act for, who it is, the password, with NUL between. */
export function parsePlain(encoded: string): Parsed<Login> {
  const parts = decodeBase64Text(encoded)?.split('\0');
  const [actAs, user, password] = parts ?? [];
  if (actAs === undefined || user === undefined || password === undefined || parts?.length !== 3) {
    return { kind: 'invalid', because: 'not a message of PLAIN' };
  }
  if (actAs !== '' && actAs !== user) {
    return { kind: 'invalid', because: 'acting for another user is not supported' };
  }
  if (!isCredential(user) || !isCredential(password)) {
    return { kind: 'invalid', because: 'the user name or password is empty or too long' };
  }
  return { kind: 'ok', value: { user, password } };
}

/** Reads one answer of LOGIN, in base64. */
export function parseLoginAnswer(encoded: string): Parsed<string> {
  const text = decodeBase64Text(encoded);
  if (text === undefined || text.includes('\0') || !isCredential(text)) {
    return { kind: 'invalid', because: 'not an answer of LOGIN' };
  }
  return { kind: 'ok', value: text };
}

/** Writes the message of PLAIN, in base64. @throws Error for what no message of PLAIN can say. */
export function formatPlain({ user, password }: Login): string {
  if (`${user}${password}`.includes('\0') || user === '' || password === '') {
    throw new Error('a user name and a password hold no NUL and are not empty');
  }
  return encodeBase64Text(`\0${user}\0${password}`);
}

function isCredential(text: string): boolean {
  return text !== '' && Buffer.byteLength(text) <= MAX_OCTETS;
}
