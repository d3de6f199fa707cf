import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lists, loginShown, logsIn, parseCommand } from '../../../../src/protocols/pop3/command.ts';

const all = [
  'USER a',
  'PASS a',
  'APOP a b',
  'AUTH',
  'AUTH ',
  'AUTH PLAIN',
  'CAPA',
  'LANG',
  'LANG en',
  'QUIT',
  'STLS',
];

describe('a command of POP3', () => {
  it('RFC 1939 §3: keyword and arguments; keywords are not case-sensitive', () => {
    assert.deepEqual(parseCommand('pass a b '), { name: 'PASS', args: ' a b ' });
    assert.deepEqual(parseCommand('Capa'), { name: 'CAPA', args: '' });
    assert.deepEqual(parseCommand(''), { name: '', args: '' });
    assert.deepEqual(parseCommand(' STLS'), { name: '', args: ' STLS' });
  });

  it('RFC 1939 §4, RFC 5034 §4: PASS, APOP and AUTH with a mechanism log in', () => {
    assert.deepEqual(
      all.filter((line) => logsIn(parseCommand(line))),
      ['PASS a', 'APOP a b', 'AUTH PLAIN'],
    );
  });

  it('RFC 2449 §5, RFC 6856 §3.2: CAPA is answered by a list, LANG and AUTH without an argument', () => {
    assert.deepEqual(
      all.filter((line) => lists(parseCommand(line))),
      ['AUTH', 'AUTH ', 'CAPA', 'LANG'],
    );
  });

  it('shows its user, and never what stands behind it', () => {
    const shown = (line: string) => loginShown(parseCommand(line));
    assert.deepEqual(shown('USER anna'), { user: 'anna' });
    assert.deepEqual(shown('USER anna maria'), { user: 'anna maria' });
    assert.deepEqual(shown('USER '), { user: null });
    assert.deepEqual(shown(`USER ${'x'.repeat(1025)}`), { user: null });
    assert.deepEqual(shown('PASS secret'), { user: null });
    assert.deepEqual(shown('APOP anna digest'), { user: 'anna' });
    assert.deepEqual(shown('AUTH PLAIN AGFubmEAc2VjcmV0'), { user: 'anna' });
    assert.deepEqual(shown('AUTH PLAIN ='), { user: null });
    assert.equal(shown('AUTH PLAIN'), undefined);
    assert.equal(shown('NOOP anna'), undefined);
  });
});
