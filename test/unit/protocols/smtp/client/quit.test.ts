import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { quit } from '../../../../../src/protocols/smtp/client/quit.ts';
import { Channel } from '../../../../../src/wire/channel.ts';
import { fuzzTalk } from '../../../../support/fuzz-talk.ts';
import { hostileReplies } from './fuzz.ts';

describe('quit', () => {
  it('RFC 5321 §4.1.1.10: says QUIT and waits for any answer, with the patience of a goodbye', () => {
    const talk = quit(new Channel('mx'));
    const said = talk.next({ kind: 'done' }).value;
    assert.ok(said?.kind === 'send' && Buffer.from(said.bytes).toString() === 'QUIT\r\n');
    assert.deepEqual(talk.next({ kind: 'done' }).value, { kind: 'receive', within: 'goodbye', begins: true });
    assert.equal(talk.next({ kind: 'received', bytes: Buffer.from('500 what\r\n') }).done, true);
  });

  it('any bytes in any cut: it ends', () => {
    fc.assert(
      fc.property(hostileReplies, (pieces) => {
        const { said } = fuzzTalk(quit(new Channel('mx')), pieces);
        assert.deepEqual(said, ['QUIT']);
      }),
    );
  });
});
