/** What breaks when, if nobody renews anything. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '../../../src/dns/answer.ts';
import { nameOf as dnsName } from '../../../src/dns/name.ts';
import { types } from '../../../src/dns/record.ts';
import { isProblem } from '../../../src/findings/finding.ts';
import { type FutureEvent, futureOf, judgeAhead } from '../../../src/findings/future.ts';
import { type Judged, judgeRecording } from '../../../src/findings/judge.ts';
import { mtastsFindings } from '../../../src/findings/rules/mtasts.ts';
import { parsePolicy } from '../../../src/policies/mta-sts/policy.ts';
import { aDay } from '../../support/chains.ts';
import { DOMAIN, nameOf } from '../../support/destinations.ts';
import { chainFor, issuerOf, now, observe, rootOf, tlsSeen } from '../../support/observations.ts';
import { goodZone, keyOf, plainZone, policyText, type Scene, stage } from '../../support/scenes.ts';

/** `day: what (breaks)`, for all that happens within two hundred days. */
function events(
  scene: Partial<Scene>,
  until = now + 200 * aDay,
  isMeant: (id: string) => boolean = () => true,
): readonly FutureEvent[] {
  const staged = stage({ zone: plainZone, ...scene });
  staged.run(mtastsFindings(staged.theCase));
  return futureOf(staged.recording, staged.theCase, until, isMeant);
}

const told = (list: readonly FutureEvent[]): readonly string[] =>
  list.map(({ at, what, breaks }) => `${(at - now) / aDay}: ${what.slice(0, 40)} (${breaks.join(' ')})`);
const leaf = chainFor();
const good = keyOf(leaf);
const anchor = keyOf([issuerOf()]).replace('3 1 1', '2 1 1');
const records = (...texts: readonly string[]): Partial<Scene> => ({
  zone: { ...plainZone, '_25._tcp.mx1.example.test TLSA': texts },
});

describe('certificates of mail hosts', () => {
  it('end, and nobody looks where there is no policy', () =>
    assert.deepEqual(told(events({})), ['60: the certificate of mx1.example.test ends ()']));

  it('MTA-STS in enforce: those senders stop', () => {
    const scene = {
      zone: { ...goodZone(), '_25._tcp.mx1.example.test TLSA': [] },
      policy: policyText('enforce'),
    };
    const [first] = events(scene, now + 60 * aDay);
    assert.deepEqual(first?.breaks, ['mta-sts', 'exchange']);
    assert.ok(first?.fix[0]?.do.startsWith('Renew the certificate of mx1.example.test'));
  });

  it('DANE-EE: dates break nothing, a new key does', () => {
    const [end, renewal] = events(records(good), now + 61 * aDay);
    assert.deepEqual(end?.breaks, []);
    assert.match(renewal?.what ?? '', /with a new key its TLSA records fit no more/);
    assert.deepEqual(renewal?.breaks, ['postfix-dane', 'exchange']);
    assert.match(renewal?.fix[0]?.do ?? '', /--reuse-key/);
  });

  it('DANE-TA: dates count, and another authority breaks it', () => {
    const [end, renewal] = events(records(anchor), now + 61 * aDay);
    assert.deepEqual(end?.breaks, ['postfix-dane', 'exchange']);
    assert.match(renewal?.what ?? '', /if another authority signs it/);
  });

  it('an authority that ends is told, a root is not', () => {
    const chain = [...leaf, rootOf()];
    const scene = { observations: [observe({ base: { tls: tlsSeen({ chain }) } })] };
    const all = events(scene, now + 4000 * aDay).map(({ what }) => what.split(' ').slice(0, 5).join(' '));
    assert.deepEqual(all, ['the certificate of mx1.example.test ends', 'the certificate of the authority']);
  });

  it('the same certificate at two addresses is told once', () => {
    const tls = tlsSeen({ chain: leaf });
    const zone = { ...plainZone, 'mx1.example.test A': ['192.0.2.1', '192.0.2.2'] };
    const observations = ['192.0.2.1', '192.0.2.2'].map((address) =>
      observe({ endpoint: { address }, base: { tls } }),
    );
    assert.equal(events({ zone, observations }).length, 1);
  });
});

describe('the policy', () => {
  it('its host is found no more, and then it is forgotten', () => {
    const scene = {
      zone: { ...goodZone(), '_25._tcp.mx1.example.test TLSA': [] },
      policy: policyText('enforce'),
    };
    const all = events(scene).filter(({ what }) => !what.startsWith('the certificate of mx1'));
    assert.deepEqual(told(all), [
      '60: the certificate of mta-sts.example.test  (mta-sts exchange mtasts.policy.cert-expired)',
      '74: the last senders forget the MTA-STS poli (mta-sts exchange)',
    ]);
  });

  it('one that is only remembered ends with its time', () => {
    const parsed = parsePolicy(Buffer.from(policyText('enforce')));
    assert.ok(parsed.kind === 'ok');
    const sts = {
      domain: DOMAIN,
      known: { id: '1', policy: parsed.policy, fetchedAt: now, expiresAt: now + 5 * aDay },
      failures: null,
      attemptedAt: now,
      refreshAt: null,
      usedAt: now,
      clock: now,
    };
    const scene = {
      zone: {
        ...plainZone,
        '_mta-sts.example.test TXT': ['"v=STSv1; id=2;"'],
        'mta-sts.example.test A': ['192.0.2.80'],
      },
      recalled: { sts },
    };
    const all = events(scene).filter(({ what }) => what.includes('remembered'));
    assert.deepEqual(
      all.map(({ at }) => (at - now) / aDay),
      [5],
    );
  });
});

describe('signatures of DNS', () => {
  const until = (now + 9 * aDay) / 1000;
  const change = (answer: Answer): Answer =>
    answer.question.type === types.MX || answer.question.type === types.A
      ? { ...answer, signedSince: until - 86_400, signedUntil: until }
      : answer;
  it('with the same end are one event', () => {
    const all = events({ change }).filter(({ what }) => what.startsWith('signatures'));
    assert.equal(all.length, 1);
    assert.ok(all[0]?.evidence.includes('example.test MX') && all[0].evidence.includes('mx1.example.test A'));
    assert.match(all[0]?.what ?? '', /if nobody signs anew/);
  });
  it('of CAA records break no sender of mail', () => {
    const { recording, theCase } = stage({ zone: plainZone, change });
    const asked = recording.answers.find(({ signedUntil }) => signedUntil !== null) ?? assert.fail();
    const caa = { ...asked, question: { ...asked.question, type: types.CAA } };
    const both = { ...recording, answers: [...recording.answers, caa] };
    const ends = futureOf(both, theCase, now + 60 * aDay, (id) => id === 'dnssec.rrsig-expiring');
    const byWhom = new Map(ends.map(({ breaks, evidence }) => [breaks.join(' '), evidence]));
    assert.equal(byWhom.size, 2);
    assert.deepEqual(byWhom.get('authorities that are to issue certificates'), ['example.test CAA']);
    assert.ok(!byWhom.get('every sender whose resolver validates')?.includes('example.test CAA'));
  });
  it('are renewed by whoever signs: those of now are no finding of then', () => {
    const { recording } = stage({ zone: goodZone([good]), change });
    const at = (days: number): readonly string[] =>
      judgeAhead(recording, now + days * aDay)
        .findings.filter(isProblem)
        .map(({ id }) => id);
    const late = ({ findings }: Judged): boolean =>
      findings.some(({ id, state }) => id === 'dnssec.rrsig-expiring' && state === 'warn');
    assert.ok(late(judgeRecording(recording, now + 30 * aDay)));
    assert.ok(!at(30).includes('dnssec.rrsig-expiring'));
    assert.ok(at(61).includes('cert.expired'), at(61).join(' '));
  });
  it('of zones above and of others are renewed by whoever has those', () => {
    const { recording, theCase } = stage({ zone: plainZone, change });
    const [first] = recording.answers.filter(({ signedUntil }) => signedUntil !== null);
    const asked = first ?? assert.fail();
    const others = ['_dmarc.test', 'example.test._report._tls.other.test'].map((text) => {
      const question = { ...asked.question, name: dnsName(nameOf(text)) };
      return { ...asked, question, signedUntil: until - 3_600 };
    });
    const all = futureOf(
      { ...recording, answers: [...recording.answers, ...others] },
      theCase,
      now + 60 * aDay,
      () => true,
    );
    const ends = all.filter(({ what }) => what.startsWith('signatures'));
    assert.deepEqual(
      ends.map(({ at }) => at),
      [until * 1000],
    );
  });
  it('are nothing where nothing is proven', () =>
    assert.ok(events({}).every(({ what }) => !what.startsWith('signatures'))));
});

describe('in general', () => {
  it('nothing before now, nothing after the date, the soonest first', () => {
    const scene = { zone: goodZone(), policy: policyText('enforce') };
    for (const days of [0, 30, 60, 61, 75, 4000]) {
      const limit = now + days * aDay;
      const at = events(scene, limit).map((one) => one.at);
      assert.ok(at.every((one) => one > now && one <= limit));
      assert.deepEqual(
        at,
        at.toSorted((a, b) => a - b),
      );
    }
    assert.deepEqual(events(scene, now + 59 * aDay), []);
  });
  it('only of the checks that are meant', () => {
    const scene = { zone: goodZone(), policy: policyText('enforce') };
    const of = (id: string): readonly string[] => [
      ...new Set(events(scene, now + 400 * aDay, (one) => one === id).map((one) => one.id)),
    ];
    assert.deepEqual(of('cert.expired'), ['cert.expired']);
    assert.deepEqual(of('mtasts.policy.cert-expired'), ['mtasts.policy.cert-expired']);
    assert.deepEqual(of('caa.missing'), []);
  });
  it('what has ended already is no matter of the future', () => {
    const all = events({ now: now + 61 * aDay }, now + 300 * aDay);
    assert.deepEqual(all, []);
  });
});
