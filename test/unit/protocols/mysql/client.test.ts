import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { startTls } from '../../../../src/protocols/mysql/client.ts';
import { packetOf } from '../../../../src/protocols/mysql/packet.ts';
import { Channel } from '../../../../src/wire/channel.ts';
import { allowedOutcomes } from '../../../support/scripted-server.ts';
import { cuts, tlsFacts, transcriptsIn } from '../../../support/transcript.ts';
import {
  assertNeverHangs,
  describeUpgradeTranscripts,
  replayUpgrade,
  type StartTls,
} from '../../../support/upgrade-transcript.ts';
import { mysqlGreeting } from './samples.ts';

const mysql: StartTls = (channel, judge) => startTls(channel, { judge });

describeUpgradeTranscripts(mysql, 'mysql', 'client');
describeUpgradeTranscripts(mysql, 'recorded', 'mariadb-10.11');

describe('the upgrade of MySQL', () => {
  // Cut behind the greeting, what is injected is an upgrade as it should be: these are not ended at every octet.
  for (const transcript of transcriptsIn('mysql', 'injected')) {
    it(`injected behind the ${transcript.name}: ${transcript.title}`, () => {
      const seen = new Set(cuts.flatMap((size) => replayUpgrade(transcript, size, mysql)));
      assert.deepEqual([...seen].toSorted(), allowedOutcomes(transcript).toSorted());
    });
  }

  it('any octets in any cut: an outcome or a PeerError, never a hang', () => {
    const whole = packetOf(0, mysqlGreeting);
    const bent = fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, octet]) => {
      const bytes = Buffer.from(whole);
      bytes[at] = octet;
      return bytes;
    });
    const cutOff = fc.nat(whole.length).map((length) => whole.subarray(0, length));
    const noise = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
    const piece = fc.oneof({ weight: 2, arbitrary: fc.constant(whole) }, bent, cutOff, noise);
    assertNeverHangs(mysql, fc.array(piece, { maxLength: 4 }));
  });

  it('the greeting is given back, and with it what the server goes by inside TLS', () => {
    const announcement = { capabilities: 0xffff_ffff, maxPacketBytes: 7, characterSet: 8 };
    const talk = startTls(new Channel('db.example.test'), {
      judge: () => ({ kind: 'acceptable' }),
      announcement,
    });
    talk.next();
    const packet = packetOf(0, mysqlGreeting);
    const said = talk.next({ kind: 'received', bytes: packet }).value;
    assert.ok(said?.kind === 'send');
    const bytes = Buffer.from(said.bytes);
    talk.next({ kind: 'done' });
    const outcome = talk.next({ kind: 'secured', facts: tlsFacts }).value;
    assert.ok(outcome?.kind === 'secured' && 'announced' in outcome);
    assert.deepEqual(Buffer.from(outcome.greeting), packet);
    assert.deepEqual(
      [bytes.readUInt32LE(4), bytes.readUInt32LE(8), bytes[12]],
      [outcome.announced.capabilities, 7, 8],
    );
    // What the server does not offer is not announced.
    assert.equal(outcome.announced.capabilities, 0x0108_aa0d);
  });
});
