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

  it('is read as crypt and Dovecot make them of SHA-512', async () => {
    const crypt =
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1';
    // Made with doveadm pw of Dovecot 2.3.19.
    const salted =
      '{SSHA512}6C0xCeQURs6oFL+jJ4BdHSmetPmlNsEQK/Gwhy4Km+zOS0cEQkqy6A6GvlQp2nQATz92S+8vWimavy5+8XJEtNFO8Mc=';
    for (const [text, password] of [
      [crypt, 'Hello world!'],
      [`{CRYPT}${crypt}`, 'Hello world!'],
      [`{SHA512-CRYPT}${crypt}`, 'Hello world!'],
      [salted, 'pencil'],
    ] as const) {
      assert.equal(await proves(text, password), true);
      assert.equal(await proves(text, `${password}!`), false);
    }
    assert.equal(await proves(crypt, 'x'.repeat(1_025)), false);
  });

  it('is bounded, and whole', () => {
    const salted = (octets: number): string => `{SSHA512}${Buffer.alloc(octets).toString('base64')}`;
    const kinds = [64, 65, 128, 129].map((octets) => parseStoredPassword(salted(octets)).kind);
    assert.deepEqual(kinds, ['invalid', 'ok', 'ok', 'invalid']);
    for (const text of ['{CRYPT}$2y$05$x', '{SHA512-CRYPT}$5$x$y', '$6$x', '{SSHA512}*'])
      assert.equal(parseStoredPassword(text).kind, 'invalid');
  });

  it('is never one in clear, and is not quoted where it cannot be read', () => {
    for (const text of ['pencil', '{PLAIN}pencil', '{CLEARTEXT}pencil', '{MD5}pencil', '', '{}pencil']) {
      const parsed = parseStoredPassword(text);
      assert.equal(parsed.kind, 'invalid');
      assert.doesNotMatch(JSON.stringify(parsed), /pencil/);
    }
  });
});
