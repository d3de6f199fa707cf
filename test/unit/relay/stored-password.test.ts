import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashPassword, isPassword } from '../../../src/relay/password.ts';
import { parseStoredPassword } from '../../../src/relay/stored-password.ts';

const salt = (octets: number): Uint8Array => new Uint8Array(octets).fill(7);

async function proves(text: string, password: string): Promise<boolean> {
  const parsed = parseStoredPassword(text);
  return parsed.kind === 'ok' ? isPassword(password, parsed.value) : assert.fail(parsed.because);
}

describe('a stored password', () => {
  it('is read as we write it, and with the scheme that Dovecot puts in front', async () => {
    const argon2 = await hashPassword('sesame', 'argon2id', salt);
    for (const text of [argon2, `{ARGON2ID}${argon2}`, `{argon2id}${argon2}`]) {
      assert.equal(await proves(text, 'sesame'), true);
      assert.equal(await proves(text, 'Sesame'), false);
    }
    const scram = await hashPassword('sesame', 'scram', salt);
    const [, iterations = '', theSalt, keys = ''] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$(.+)$/.exec(scram) ?? [];
    const theirs = `{SCRAM-SHA-256}${iterations},${theSalt},${keys.replace(':', ',')}`;
    assert.equal(await proves(theirs, 'sesame'), true);
    assert.equal(parseStoredPassword(`${theirs},x`).kind, 'invalid');
  });

  it('is never one in clear, and is not quoted where it cannot be read', () => {
    for (const text of ['pencil', '{PLAIN}pencil', '{CLEARTEXT}pencil', '{MD5}pencil', '', '{}pencil']) {
      const parsed = parseStoredPassword(text);
      assert.equal(parsed.kind, 'invalid');
      assert.doesNotMatch(JSON.stringify(parsed), /pencil/);
    }
  });
});
