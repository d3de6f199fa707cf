/** What is closed at without a word is a no only where a later hello is answered. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Probes } from '../../../src/findings/observation.ts';
import type { Knocking, Question } from '../../../src/scanner/probes.ts';
import { doubtsAfter, hear, heardIn, isInDoubt, withoutClosed } from '../../../src/scanner/wordless.ts';
import {
  agreed,
  handshakeRefused,
  handshakeUnfit,
  helloRefused,
  probeNotTested,
  secured,
  visitOf,
} from '../../support/observations.ts';

const without = { kind: 'without-tls' } as const;
const closed = helloRefused(null);

const knocking: Knocking = {
  visit: async () => visitOf(),
  talk: () => assert.fail('no talk'),
  hello: () => assert.fail('no hello'),
};

function asking(probes: Probes, terms: Partial<Question> = {}): Question {
  return {
    ask: async () => ({ probes, end: without }),
    unasked: (why) => ({ hello: { old: why } }),
    ...terms,
  };
}

describe('what a server has said', () => {
  for (const [name, probes, heard] of [
    ['a session', { hello: { old: agreed() } }, 'answer'],
    ['an alert', { hello: { old: helloRefused(40) } }, 'answer'],
    ['a close', { hello: { old: closed } }, 'nothing'],
    [
      'octets that are no answer',
      { hello: { old: { kind: 'seen', result: 'broken', because: 'x' } } },
      undefined,
    ],
    ['no STARTTLS', { hello: { old: { kind: 'seen', result: 'not-offered' } } }, undefined],
    ['nothing in time', { hello: { old: probeNotTested() } }, undefined],
    [
      'the last of several',
      {
        hello: {
          weak: [
            { ...agreed(), without: [] },
            { ...closed, without: [] },
          ],
        },
      },
      'nothing',
    ],
    ['a handshake', { upToTls12: secured() }, 'answer'],
    ['an alert in a handshake', { noServerName: handshakeRefused() }, 'answer'],
    ['what our own TLS did not like', { upToTls12: handshakeUnfit() }, 'answer'],
    ['a close in a handshake', { upToTls12: handshakeRefused({ kind: 'closed' }) }, 'nothing'],
    [
      'a close at a foreign protocol',
      { alpn: { kind: 'seen', refused: 'x', by: { kind: 'closed' } } },
      'nothing',
    ],
    ['no word of a foreign protocol', { alpn: { kind: 'seen', offered: 'x', agreed: null } }, 'answer'],
    ['commands', { injection: { kind: 'seen', answered: 'never', transcript: [] } }, undefined],
    ['nothing at all', {}, undefined],
  ] as const satisfies readonly (readonly [string, Probes, string | undefined])[])
    it(name, () => assert.equal(heardIn(probes), heard));
});

describe('it is asked again what was answered', () => {
  const close = { hello: { old: closed } };
  const extra = asking({}, { isExtra: true });

  it('after several closes, or with the last connection', () => {
    const doubts = doubtsAfter(visitOf(), knocking);
    assert.ok(!isInDoubt(doubts, 1, undefined));
    hear(doubts, asking(close), close, {}, knocking);
    assert.ok(!isInDoubt(doubts, 5, extra));
    assert.ok(isInDoubt(doubts, 1, extra));
    assert.ok(isInDoubt(doubts, 5, undefined));
    // What has its own say of being left out, and what any server has an answer to, is asked itself.
    assert.ok(!isInDoubt(doubts, 1, asking({})));
    assert.ok(!isInDoubt(doubts, 1, asking({}, { isExtra: true, isSure: true })));
    hear(doubts, asking(close), close, {}, knocking);
    hear(doubts, asking(close), close, {}, knocking);
    assert.ok(isInDoubt(doubts, 5, extra));
  });

  it('the first connection, then the last that was answered, as it was', async () => {
    const doubts = doubtsAfter(visitOf(), knocking);
    assert.deepEqual(await doubts.again?.(), { heard: 'answer', end: { kind: 'complete' } });
    const before: Probes = { hello: { old: closed } };
    const asked: Probes[] = [];
    const question = asking(
      {},
      {
        ask: async (_, probes) => {
          asked.push(probes);
          return { probes: { hello: { ssl2: closed } }, end: without };
        },
      },
    );
    hear(doubts, question, { hello: { ssl2: helloRefused(40) } }, before, knocking);
    assert.deepEqual(await doubts.again?.(), { heard: 'nothing', end: without });
    assert.deepEqual(asked, [before]);
  });

  it('not where nothing ever was', () => {
    const doubts = doubtsAfter(visitOf(undefined, { tls: null }), knocking);
    hear(doubts, asking(close), close, {}, knocking);
    assert.ok(!isInDoubt(doubts, 1, undefined));
  });

  it('RFC 8446 §6.2: a close that an answer came behind is a no; the others are no answer', () => {
    const doubts = doubtsAfter(visitOf(), knocking);
    const probes: Probes = { hello: { ssl2: helloRefused(40), old: closed } };
    hear(doubts, asking(close), close, {}, knocking);
    const told = withoutClosed(probes, doubts, without).hello;
    assert.ok(told?.old?.kind === 'not-tested');
    assert.match(told.old.because, /^it closed the connection without a word, and answered nothing after/);
    assert.deepEqual(told.ssl2, helloRefused(40));
    hear(doubts, asking({}), { upToTls12: secured() }, {}, knocking);
    assert.deepEqual(withoutClosed(probes, doubts, without), probes);
  });
});
