import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { startTls } from '../../../../src/protocols/postgres/client.ts';
import { sslRequest } from '../../../../src/protocols/postgres/messages.ts';
import { Channel } from '../../../../src/wire/channel.ts';
import { allowedOutcomes } from '../../../support/scripted-server.ts';
import { cuts, tlsFacts, transcriptsIn } from '../../../support/transcript.ts';
import {
  assertNeverHangs,
  describeUpgradeTranscripts,
  replayUpgrade,
  type StartTls,
} from '../../../support/upgrade-transcript.ts';

const postgres: StartTls = (channel, judge, words) =>
  startTls(channel, { judge, direct: words.includes('direct') });

describeUpgradeTranscripts(postgres, 'recorded', 'postgresql-15');

describe('the upgrade of PostgreSQL', () => {
  // The go-ahead is one octet: cut behind it, what is injected is an upgrade as it should be. So nothing is ended
  // at every octet here.
  for (const transcript of transcriptsIn('postgres', 'client')) {
    it(`${transcript.name}: ${transcript.title}`, () => {
      const seen = new Set(cuts.flatMap((size) => replayUpgrade(transcript, size, postgres)));
      assert.deepEqual([...seen].toSorted(), allowedOutcomes(transcript).toSorted());
    });
  }

  it('any octets in any cut: an outcome or a PeerError, never a hang', () => {
    const octet = fc.oneof(fc.constantFrom(...Buffer.from('SNEG')), fc.nat(255));
    const piece = fc.array(octet, { minLength: 1, maxLength: 4 }).map((octets) => Buffer.from(octets));
    assertNeverHangs(postgres, fc.array(piece, { maxLength: 3 }), ({ saidInClear, saidInside }) => {
      assert.ok(!Buffer.from(sslRequest).includes('\r\n'));
      assert.deepEqual([saidInClear, saidInside], [[], []]);
    });
  });

  it('the one octet S is the only way to TLS', () => {
    for (let octet = 0; octet < 256; octet++) {
      const talk = startTls(new Channel('db.example.test'), {
        judge: () => ({ kind: 'acceptable' }),
        direct: false,
      });
      assert.equal(talk.next().value?.kind, 'send');
      assert.equal(talk.next({ kind: 'done' }).value?.kind, 'receive');
      let next: string | undefined;
      try {
        next = talk.next({ kind: 'received', bytes: Buffer.from([octet]) }).value?.kind;
      } catch {
        next = 'threw';
      }
      assert.equal(next === 'startTls', octet === 'S'.charCodeAt(0), `octet ${octet}`);
    }
  });

  for (const [alpn, expected] of [
    ['postgresql', 'secured'],
    ['http/1.1', 'unacceptable'],
    [null, 'unacceptable'],
  ] as const) {
    it(`TLS that comes first and agrees to ${alpn} (ALPN) is ${expected}`, () => {
      const talk = startTls(new Channel('db.example.test'), {
        judge: () => ({ kind: 'acceptable' }),
        direct: true,
      });
      assert.deepEqual(talk.next().value, { kind: 'startTls' });
      const step = talk.next({ kind: 'secured', facts: { ...tlsFacts, alpn } });
      assert.equal(step.value?.kind, expected);
      assert.ok(step.done);
    });
  }
});
