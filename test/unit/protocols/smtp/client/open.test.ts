import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type OpenRequest, open } from '../../../../../src/protocols/smtp/client/open.ts';
import { Channel } from '../../../../../src/wire/channel.ts';
import { fuzzTalk } from '../../../../support/fuzz-talk.ts';
import { tlsFacts } from '../../../../support/transcript.ts';
import { hostileReplies } from './fuzz.ts';

const request: OpenRequest<string> = {
  helloName: 'client.example.test',
  protocol: 'smtp',
  tls: 'starttls',
  startTls: 'required',
  judge: () => ({ kind: 'acceptable', proof: 'judged', identity: 'proved' }),
  login: null,
};

// What the dialogue does is shown by test/transcripts/smtp/client; here is what must hold whatever comes.
describe('open', () => {
  it('any bytes in any cut: an outcome or a PeerError, never a hang', () => {
    const requests = fc.record({
      protocol: fc.constantFrom('smtp' as const, 'lmtp' as const),
      tls: fc.constantFrom('starttls' as const, 'implicit' as const),
      startTls: fc.constantFrom('never' as const, 'if-offered' as const, 'required' as const),
      login: fc.constantFrom(null, { user: 'user', password: 'pencil', nonce: 'nonce' }),
    });
    fc.assert(
      fc.property(hostileReplies, requests, fc.boolean(), (pieces, how, acceptable) => {
        const judge: OpenRequest<string>['judge'] = () =>
          acceptable
            ? { kind: 'acceptable', proof: 'judged', identity: 'proved' }
            : { kind: 'unacceptable', proof: 'judged' };
        const channel = new Channel('mx.example.test');
        const said: string[] = [];
        const { ending } = fuzzTalk(open(channel, { ...request, ...how, judge }), pieces, said);
        // Whatever the server says, a password stays inside TLS that was found acceptable.
        const login = said.findIndex((line) => line.startsWith('AUTH'));
        if (login !== -1) assert.ok(how.login !== null && acceptable && channel.tls !== undefined);
        if (ending.kind === 'threw') return;
        const { outcome } = ending;
        if (outcome.kind !== 'ready') return;
        // Required means required, and nothing but EHLO and STARTTLS is said before TLS.
        assert.equal(outcome.proof !== undefined, channel.tls !== undefined);
        if (how.login !== null) assert.notEqual(login, -1, 'ready without the login that was asked for');
        if (how.tls === 'implicit' || how.startTls === 'required') assert.notEqual(channel.tls, undefined);
        else if (how.startTls === 'never') assert.equal(channel.tls, undefined);
        if (outcome.proof !== undefined) assert.ok(acceptable);
        const hello = how.protocol === 'lmtp' ? /^LHLO\b/ : /^(?:EHLO|HELO)\b/;
        assert.ok(
          said
            .slice(0, login === -1 ? undefined : login)
            .every((line) => hello.test(line) || line === 'STARTTLS'),
          said.join(),
        );
      }),
      { numRuns: 5000 },
    );
  });

  it('required: without TLS nothing is said but EHLO and STARTTLS', () => {
    fc.assert(
      fc.property(hostileReplies, (pieces) => {
        const channel = new Channel('mx.example.test');
        const { said } = fuzzTalk(open(channel, request), pieces);
        if (channel.tls === undefined)
          assert.ok(
            said.every((line) => /^EHLO |^STARTTLS$/.test(line)),
            said.join(),
          );
      }),
      { numRuns: 1000 },
    );
  });

  it('a name that would run as a command of its own is refused before a byte is sent', () => {
    for (const helloName of ['a\r\nMAIL FROM:<x>', 'a\nb', 'a\0', 'm\xfcnchen.test']) {
      const pieces = [Buffer.from('220 mx\r\n')];
      const said: string[] = [];
      assert.throws(
        () => fuzzTalk(open(new Channel('mx'), { ...request, helloName }), pieces, said),
        /printable ASCII/,
      );
      assert.deepEqual(said, []);
    }
  });

  it('judges the facts of the handshake that was made, once, and before anything is said inside it', () => {
    const judged: unknown[] = [];
    const said: string[] = [];
    const pieces = ['220 mx\r\n', '250-mx\r\n250 STARTTLS\r\n', '220 go\r\n'].map((text) =>
      Buffer.from(text),
    );
    const judge: OpenRequest<string>['judge'] = (facts) => {
      judged.push(facts, [...said]);
      return { kind: 'unacceptable', proof: 'no such name' };
    };
    const { ending } = fuzzTalk(open(new Channel('mx'), { ...request, judge }), pieces, said);
    assert.deepEqual(judged, [tlsFacts, ['EHLO client.example.test', 'STARTTLS']]);
    const outcome = { kind: 'unacceptable', proof: 'no such name', facts: tlsFacts };
    assert.deepEqual([ending, said.length], [{ kind: 'ended', outcome }, 2]);
  });

  it('tells what was offered in the clear apart from what is offered inside TLS', () => {
    const pieces = [
      '220 mx\r\n',
      '250-mx\r\n250-SIZE 1\r\n250 STARTTLS\r\n',
      '220 go\r\n',
      '250-mx\r\n250 8BITMIME\r\n',
    ];
    const { ending } = fuzzTalk(
      open(new Channel('mx'), request),
      pieces.map((text) => Buffer.from(text)),
    );
    assert.ok(ending.kind === 'ended' && ending.outcome.kind === 'ready');
    assert.deepEqual([...ending.outcome.offers.keys()], ['8BITMIME']);
    assert.deepEqual([...(ending.outcome.offersBefore?.keys() ?? [])], ['SIZE', 'STARTTLS']);
  });
});
