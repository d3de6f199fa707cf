import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { startTls } from '../../../../src/protocols/ldap/client.ts';
import { startTlsRequest } from '../../../../src/protocols/ldap/messages.ts';
import { allowedOutcomes } from '../../../support/scripted-server.ts';
import { cuts, transcriptsIn } from '../../../support/transcript.ts';
import {
  assertNeverHangs,
  describeUpgradeTranscripts,
  replayUpgrade,
  type StartTls,
} from '../../../support/upgrade-transcript.ts';

const ldap: StartTls = (channel, judge) => startTls(channel, { judge });

describeUpgradeTranscripts(ldap, 'ldap', 'client');
describeUpgradeTranscripts(ldap, 'recorded', 'slapd-2.5');

// Apart from the others, as the go-ahead is all that LDAP says: without what is injected behind it, it is one.
describe('plaintext behind the go-ahead of LDAP', () => {
  for (const transcript of transcriptsIn('ldap', 'injected')) {
    it(`${transcript.name}: ${transcript.title}`, () => {
      for (const size of cuts) {
        assert.deepEqual(replayUpgrade(transcript, size, ldap), allowedOutcomes(transcript));
      }
    });
  }
});

describe('the upgrade of LDAP', () => {
  it('any octets in any cut: an outcome or a PeerError, never a hang; nothing but the request is ever said', () => {
    const request = startTlsRequest(1).toString('latin1');
    assertNeverHangs(ldap, hostile, ({ saidInClear, saidInside }) => {
      // The request holds no line end, so the fuzzer has no line of it.
      assert.deepEqual([saidInClear, saidInside], [[], []]);
      assert.ok(!request.includes('\r\n'));
    });
  });
});

const go = Buffer.from('300c02010178070a010004000400', 'hex');
/** Answers, well and badly formed, and noise. */
const hostile: fc.Arbitrary<Buffer[]> = fc.array(
  fc.oneof(
    fc.constant(go),
    fc.tuple(fc.nat(go.length - 1), fc.nat(255)).map(([at, octet]) => {
      const bent = Buffer.from(go);
      bent[at] = octet;
      return bent;
    }),
    fc.nat(go.length).map((length) => go.subarray(0, length)),
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  ),
  { maxLength: 6 },
);
