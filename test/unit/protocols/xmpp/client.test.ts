import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startTls } from '../../../../src/protocols/xmpp/client.ts';
import { Channel } from '../../../../src/wire/channel.ts';
import { fuzzTalk } from '../../../support/fuzz-talk.ts';
import { allowedOutcomes } from '../../../support/scripted-server.ts';
import { cuts, transcriptsIn } from '../../../support/transcript.ts';
import {
  assertNeverHangs,
  describeUpgradeTranscripts,
  replayUpgrade,
  type StartTls,
} from '../../../support/upgrade-transcript.ts';
import { hostilePieces } from './hostile.ts';

/** `server`: of a server that asks, which names itself. */
const upgradeTo =
  (to: string, kind?: 'server'): StartTls =>
  (channel, judge, words) =>
    startTls(channel, {
      judge,
      to,
      ...(kind === 'server' || words.includes('server')
        ? { kind: 'server', from: 'other.example.test' }
        : { kind: 'client', from: null }),
    });
const xmpp = upgradeTo('im.example.test');

describeUpgradeTranscripts(xmpp, 'xmpp', 'client');
describeUpgradeTranscripts(upgradeTo('xmpp.example.test'), 'recorded', 'prosody-0.12', 'client');
describeUpgradeTranscripts(upgradeTo('xmpp.example.test', 'server'), 'recorded', 'prosody-0.12', 'server');

// Apart from the others, as nothing is asked inside TLS: without what is injected it is the go-ahead.
describe('plaintext behind the go-ahead of XMPP', () => {
  for (const transcript of transcriptsIn('xmpp', 'injected')) {
    it(`${transcript.name}: ${transcript.title}`, () => {
      for (const size of cuts) {
        assert.deepEqual(replayUpgrade(transcript, size, xmpp), allowedOutcomes(transcript));
      }
    });
  }
});

describe('the upgrade of XMPP', () => {
  it('any octets in any cut: an outcome or a PeerError, never a hang', () =>
    assertNeverHangs(xmpp, hostilePieces));

  const judge = () => ({ kind: 'acceptable' as const });
  const play = (...server: readonly string[]): string => {
    const talk = startTls(new Channel('im'), { judge, kind: 'client', to: 'im.example.test', from: null });
    const { ending } = fuzzTalk(
      talk,
      server.map((text) => Buffer.from(text)),
    );
    return ending.kind === 'threw' ? ending.error.code : ending.outcome.kind;
  };
  const header = `<stream:stream version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;

  it('features are read up to 16384 octets, and no octet further', () => {
    const features = (octets: number): string => {
      const [begin, end] = ['<stream:features><x>', '</x></stream:features>'];
      return `${begin}${'y'.repeat(octets - begin.length - end.length)}${end}`;
    };
    assert.equal(play(header + features(16_384)), 'notOffered');
    assert.equal(play(header + features(16_385)), 'reply-too-long');
    assert.equal(play(`${header}<stream:features><x>${'y'.repeat(16_384)}`), 'reply-too-long');
    assert.equal(play(`${header}${' '.repeat(16_384)}`), 'malformed');
  });

  it('a domain that no header can name is refused before an octet is sent', () => {
    for (const to of ['', "a' x='", 'a b', 'a\n', 'user@im.example.test', 'a'.repeat(1024), '<a>']) {
      const said: string[] = [];
      const talk = startTls(new Channel('im'), { judge, kind: 'client', to, from: null });
      assert.throws(() => fuzzTalk(talk, [], said), /is no domain/, to);
      const named = startTls(new Channel('im'), { judge, kind: 'server', to: 'im', from: to });
      assert.throws(() => fuzzTalk(named, [], said), /is no domain/, to);
      assert.deepEqual(said, []);
    }
  });

  it('a domain beyond ASCII is named in UTF-8', () => {
    const talk = startTls(new Channel('im'), { judge, kind: 'client', to: 'zoë.example.test', from: null });
    const first = talk.next({ kind: 'done' }).value;
    assert.ok(first !== undefined && 'bytes' in first);
    assert.ok(Buffer.from(first.bytes).toString('utf8').includes(" to='zoë.example.test' "));
  });
});
