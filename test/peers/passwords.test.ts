/** Hashes that Dovecot's doveadm makes are proved by their passwords, and by no others. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { isPassword } from '../../src/relay/password.ts';
import { parseStoredPassword } from '../../src/relay/stored-password.ts';
import { peerTest } from './support/peer.ts';
import { runIn } from './support/sandbox.ts';

const long = 'x'.repeat(100);
/** What `doveadm pw` is told, and the password. */
const taken: readonly (readonly [options: string, password: string])[] = [
  ['-s ARGON2ID', 'Grüße=1'],
  ['-s ARGON2I', 'pencil'],
  ['-s SCRAM-SHA-256', 'Grüße=1'],
  ['-s SHA512-CRYPT', 'pencil'],
  ['-s SHA512-CRYPT', 'Grüße=1'],
  ['-s SHA512-CRYPT', long],
  ['-s SHA512-CRYPT -r 12345', 'pencil'],
  ['-s SSHA512', 'Grüße=1'],
  ['-s SSHA512', long],
];
const others = ['PLAIN', 'MD5-CRYPT', 'SHA256-CRYPT', 'BLF-CRYPT', 'SSHA', 'CRAM-MD5'];

describe('passwords of Dovecot', () => {
  peerTest('are read in each scheme that is taken, and in no other', ['dovecot'], async (roots) => {
    const asked = [...taken, ...others.map((scheme) => [`-s ${scheme}`, 'pencil'] as const)];
    const script = asked.map(([options, password]) => `doveadm pw ${options} -p '${password}'\n`).join('');
    const done = await runIn(roots.dovecot, 'sh', ['-e'], {
      files: { '/etc/dovecot/dovecot.conf': '' },
      input: script,
    });
    assert.equal(done.code, 0, done.stderr);
    const made = done.stdout.trimEnd().split('\n');
    assert.equal(made.length, asked.length);
    for (const [index, [options, password]] of taken.entries()) {
      const text = made[index] ?? '';
      for (const one of text.startsWith('{SHA512-CRYPT}') ? [text, text.replace('{SHA512-', '{')] : [text]) {
        const parsed = parseStoredPassword(one);
        if (parsed.kind === 'invalid') assert.fail(`${options}: ${one}: ${parsed.because}`);
        assert.equal(await isPassword(password, parsed.value), true, options);
        assert.equal(await isPassword(`${password} `, parsed.value), false, options);
      }
    }
    for (const text of made.slice(taken.length))
      assert.equal(parseStoredPassword(text).kind, 'invalid', text);
  });
});
