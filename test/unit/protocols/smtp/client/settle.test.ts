import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { settle } from '../../../../../src/protocols/smtp/client/settle.ts';
import { Channel } from '../../../../../src/wire/channel.ts';
import { fuzzTalk } from '../../../../support/fuzz-talk.ts';
import { hostileReplies } from './fuzz.ts';

const standings = ['reusable', 'spent', 'to-reset', 'to-end'] as const;

describe('settle', () => {
  it('says nothing where nothing is left to say', () => {
    for (const standing of ['reusable', 'spent'] as const) {
      const { ending, said } = fuzzTalk(settle(new Channel('mx'), standing), []);
      assert.deepEqual([ending, said], [{ kind: 'ended', outcome: standing }, []]);
    }
  });

  it('RFC 5321 §4.1.1.5: RSET is answered with 250; any other answer is that of a server out of step', () => {
    const after = (reply: string): unknown =>
      fuzzTalk(settle(new Channel('mx'), 'to-reset'), [Buffer.from(`${reply}\r\n`)]);
    assert.deepEqual(after('250 ok'), { ending: { kind: 'ended', outcome: 'reusable' }, said: ['RSET'] });
    for (const reply of ['220 ok', '251 ok', '421 bye', '500 what', '530 TLS first']) {
      assert.deepEqual(after(reply), { ending: { kind: 'ended', outcome: 'spent' }, said: ['RSET'] });
    }
  });

  it('any bytes in any cut: it ends', () => {
    fc.assert(
      fc.property(hostileReplies, fc.constantFrom(...standings), (pieces, standing) => {
        fuzzTalk(settle(new Channel('mx'), standing), pieces);
      }),
    );
  });
});
