import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { watchedSession } from '../../../src/relay/incoming-watch.ts';
import type { SessionInput, SessionWords } from '../../../src/wire/session.ts';
import type { TlsFacts } from '../../../src/wire/tls-facts.ts';

const facts: TlsFacts = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  group: null,
  alpn: null,
  serverName: null,
  chain: [],
  path: { kind: 'absent' },
};

/** A session that says what it is told to say. */
function watched() {
  const refused: (string | null)[] = [];
  const { reducer, tls } = watchedSession<SessionWords>(
    (state, input) => ({
      state,
      effects: input.kind === 'line' ? [{ kind: 'send', text: input.line }] : [],
    }),
    (status) => refused.push(status),
  );
  const say = (...lines: readonly string[]): readonly (string | null)[] => {
    refused.length = 0;
    for (const line of lines) reducer(undefined, { kind: 'line', line });
    return refused;
  };
  const give = (input: SessionInput<SessionWords>): string | null => {
    reducer(undefined, input);
    return tls();
  };
  return { say, give };
}

describe('watchedSession', () => {
  it('sees the enhanced status code of each reply that refuses, and of no other', () => {
    const { say } = watched();
    assert.deepEqual(
      say(
        '550 5.1.1 no such mailbox\r\n',
        '250 2.1.5 ok\r\n',
        '354 go on\r\n',
        '450-4.7.1 too many\r\n450 4.7.1 later\r\n',
      ),
      ['5.1.1', '4.7.1'],
    );
    assert.deepEqual(say('500 what\r\n', '554 5.7 half a code\r\n', '5501 5.1.1 no reply\r\n'), [null, null]);
  });

  it('knows the version of TLS, whether it came first or by STARTTLS', () => {
    const first = watched();
    assert.equal(first.give({ kind: 'opened', tls: undefined }), null);
    assert.equal(first.give({ kind: 'secured', facts }), 'TLSv1.3');
    const other = watched();
    assert.equal(other.give({ kind: 'opened', tls: { ...facts, version: 'TLSv1.2' } }), 'TLSv1.2');
  });
});
