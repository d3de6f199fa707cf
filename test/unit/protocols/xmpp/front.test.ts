import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { xmppFront } from '../../../../src/protocols/xmpp/front.ts';
import { beginGatewaySession } from '../../../../src/wire/gateway-session.ts';
import { assertCutsDoNotMatter } from '../../../support/gateway-fuzz.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';
import { tlsFacts } from '../../../support/transcript.ts';
import { hostileTurns } from './hostile.ts';

const rules = { hostname: 'gw.example.test', nonce: 'nonce' };

describe('the front of a gateway for XMPP', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'xmpp', 'front')) {
    it(`${transcript.name}: ${transcript.title}`, () =>
      replayGateway(transcript, () => xmppFront(rules, 'client')));
  }
});

describe('the front of a gateway for XMPP between servers', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'xmpp', 'front-server')) {
    it(`${transcript.name}: ${transcript.title}`, () =>
      replayGateway(transcript, () => xmppFront(rules, 'server')));
  }
});

describe('the front of a gateway for XMPP, whatever comes', () => {
  for (const kind of ['client', 'server'] as const)
    it(`any octets in any cut: the same effects, and nothing reaches the server before TLS (${kind})`, () =>
      assertCutsDoNotMatter(() => xmppFront(rules, kind), hostileTurns));

  /** What a front says of octets in clear, or inside TLS. */
  function answerTo(text: string, where: 'in clear' | 'inside'): string {
    const run = beginGatewaySession(xmppFront(rules, 'client'));
    if (where === 'in clear') run.next({ kind: 'opened', tls: undefined });
    else {
      run.next({ kind: 'opened', tls: tlsFacts });
      run.next({ kind: 'connected', upstream: undefined });
    }
    let unread = Buffer.from(text);
    const told: string[] = [];
    for (let changed = true; changed && unread.length > 0; ) {
      const result = run.next({ kind: 'client', unread });
      unread = unread.subarray(result.used);
      changed = result.changed;
      for (const effect of result.effects) {
        if (effect.kind === 'close') return effect.because;
        told.push(effect.kind);
      }
    }
    return told.at(-1) ?? 'waits';
  }
  const header = `<stream:stream version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;

  it('an element in clear is read up to 8192 octets, and no octet further', () => {
    const abort = (octets: number): string => {
      const [begin, end] = ["<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>", '</abort>'];
      return `${begin}${'y'.repeat(octets - begin.length - end.length)}${end}`;
    };
    assert.equal(answerTo(header + abort(8192), 'in clear'), 'toClient');
    const tooLong = 'the client sent more than 8192 octets at once';
    assert.equal(answerTo(header + abort(8193), 'in clear'), tooLong);
    assert.equal(answerTo(`${header}<a>${'y'.repeat(8189)}`, 'in clear'), tooLong);
  });

  it('an element in clear has up to 128 parts: read anew with each octet, one of 2000 cost seconds', () => {
    const iq = (parts: number): string => `<iq>${'<b/>'.repeat(parts - 2)}</iq>`;
    assert.equal(answerTo(header + iq(128), 'in clear'), 'STARTTLS has to come first');
    assert.equal(answerTo(header + iq(129), 'in clear'), 'the client sent an element of too many parts');
  });

  it('a tag inside TLS is read up to 16384 octets, and no octet further; text is passed on as it comes', () => {
    const tag = (octets: number): string => `<a b='${'y'.repeat(octets - 9)}'/>`;
    assert.equal(answerTo(`${header}<a xmlns='urn:x'>${tag(16_384)}`, 'inside'), 'toBackend');
    assert.equal(
      answerTo(`${header}<a xmlns='urn:x'>${tag(16_385)}`, 'inside'),
      'the client sent more than 16384 octets at once',
    );
    assert.equal(answerTo(`${header}<a xmlns='urn:x'>${'y'.repeat(60_000)}`, 'inside'), 'toBackend');
  });

  it('many small tags are read in a time that grows with their number', () => {
    const time = (count: number): number => {
      const text = `${header}<a xmlns='urn:x'>${'<b/>'.repeat(count)}`;
      const begin = process.hrtime.bigint();
      assert.equal(answerTo(text, 'inside'), 'toBackend');
      return Number(process.hrtime.bigint() - begin);
    };
    // The best of three: others may need the machine meanwhile.
    const best = (count: number): number => Math.min(time(count), time(count), time(count));
    const [few, many] = [best(2000), best(16_000)];
    assert.ok(many < few * 32, `${few} ns for 2,000 tags, ${many} ns for 16,000`);
  });
});
