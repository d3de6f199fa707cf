import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { literalAt, loginShown, logsIn, parseCommandLine } from '../../../../src/protocols/imap/command.ts';

describe('a command of IMAP', () => {
  it('RFC 9051 §9: has a tag, which is no atom-special and no "+", and a name', () => {
    assert.deepEqual(parseCommandLine('a1 login x y'), { tag: 'a1', name: 'LOGIN', args: ' x y' });
    assert.deepEqual(parseCommandLine('a]! NOOP'), { tag: 'a]!', name: 'NOOP', args: '' });
    assert.deepEqual(parseCommandLine('a X-FOO '), { tag: 'a', name: 'X-FOO', args: ' ' });
    for (const line of [
      '',
      'a',
      'a ',
      ' NOOP',
      'a  NOOP',
      'a+ NOOP',
      '* NOOP',
      'a% NOOP',
      'a" NOOP',
      'a 1',
      'a NOOP{3}',
    ])
      assert.equal(parseCommandLine(line), undefined, line);
    for (const tag of ['\x01', '\t', '\x7f', '\xe4', 'a\x1b['])
      assert.equal(parseCommandLine(`${tag} NOOP`), undefined);
  });

  it('RFC 9051 §9: a literal stands at the end of a line', () => {
    assert.deepEqual(literalAt('a LOGIN {12}'), { octets: 12, waits: true });
    assert.deepEqual(literalAt('{0+}'), { octets: 0, waits: false });
    assert.deepEqual(literalAt('a APPEND x ~{3+}'), { octets: 3, waits: false });
    for (const line of ['{12} ', '{}', '{+}', '{1-}', '{-1}', '{1', '1}', '"{1}"', '{1234567890123456}'])
      assert.equal(literalAt(line), undefined, line);
  });

  it('LOGIN and AUTHENTICATE log in', () => {
    const names = ['LOGIN', 'AUTHENTICATE', 'LOGOUT', 'NOOP'];
    assert.deepEqual(
      names.filter((name) => logsIn({ tag: 'a', name, args: '' })),
      ['LOGIN', 'AUTHENTICATE'],
    );
  });

  it('shows its user, and never what stands behind it', () => {
    const shown = (line: string) => {
      const command = parseCommandLine(line);
      return command === undefined ? 'no command' : loginShown(command);
    };
    assert.deepEqual(shown('a LOGIN anna secret'), { user: 'anna' });
    assert.deepEqual(shown('a LOGIN "an na" secret'), { user: 'an na' });
    assert.deepEqual(shown('a LOGIN "" secret'), { user: null });
    assert.deepEqual(shown('a LOGIN "anna secret'), { user: null });
    assert.deepEqual(shown(`a LOGIN ${'x'.repeat(1025)} secret`), { user: null });
    assert.deepEqual(shown('a AUTHENTICATE PLAIN AGFubmEAc2VjcmV0'), { user: 'anna' });
    assert.deepEqual(shown('a AUTHENTICATE PLAIN ='), { user: null });
    assert.equal(shown('a AUTHENTICATE PLAIN'), undefined);
    assert.equal(shown('a NOOP anna secret'), undefined);
  });
});
