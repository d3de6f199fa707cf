/** What a domain is advised: from nothing, from half of it, with all of it, and never what would keep mail away. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Answer } from '../../../../src/dns/answer.ts';
import { nameOf as dnsName } from '../../../../src/dns/name.ts';
import { types } from '../../../../src/dns/record.ts';
import type { Advice, AdviceStep, StepId } from '../../../../src/findings/advice/advice.ts';
import { simulate } from '../../../../src/findings/simulate.ts';
import { parsePolicy } from '../../../../src/policies/mta-sts/policy.ts';
import { adviceFor } from '../../../support/advices.ts';
import { aDay } from '../../../support/chains.ts';
import { DOMAIN, nameOf } from '../../../support/destinations.ts';
import {
  chainFor,
  HOST,
  handshakeFailed,
  notConnected,
  now,
  observe,
  sentAway,
  tlsSeen,
  withoutStarttls,
} from '../../../support/observations.ts';
import { goodZone, keyOf, plainZone, policyText, type Scene, stage } from '../../../support/scenes.ts';

const advise = adviceFor;

const states = ({ steps }: Advice): Record<string, string> =>
  Object.fromEntries(steps.map(({ id, state }) => [id, state]));

function step(advice: Advice, id: StepId): AdviceStep {
  return advice.steps.find((one) => one.id === id) ?? assert.fail(`no step ${id}`);
}

const texts = ({ do: remedies }: AdviceStep): readonly string[] =>
  remedies.flatMap(({ lines = [] }) => lines.map(({ text }) => text));

const good = keyOf(chainFor());
/** Of a record that has been there for long. */
const half = {
  ...plainZone,
  '_mta-sts.example.test TXT': ['"v=STSv1; id=20260101;"'],
  'mta-sts.example.test A': ['192.0.2.80'],
};

describe('from nothing: an unsigned domain without any policy', () => {
  const advice = advise({ zone: plainZone, status: 'insecure' });

  it('the order is that of safety: reports, a policy that is tried out, then what waits for it', () => {
    assert.deepEqual(states(advice), {
      repair: 'done',
      tls: 'done',
      'tls-rpt': 'now',
      'mta-sts-testing': 'now',
      'mta-sts-watch': 'later',
      'mta-sts-enforce': 'later',
      'mta-sts-long': 'later',
      dnssec: 'now',
      tlsa: 'later',
      'tlsa-rollover': 'later',
    });
    assert.equal(advice.next, 'tls-rpt');
  });
  it('RFC 8461 §8.1: the file with the real host in testing comes before the record', () => {
    const lines = texts(step(advice, 'mta-sts-testing'));
    const at = (text: string): number => lines.findIndex((line) => line.startsWith(text));
    assert.ok(at('mode: testing') >= 0 && at(`mx: ${HOST}`) > at('mode: testing'));
    assert.ok(at('_mta-sts.example.test. IN TXT') > at('max_age: 86400'));
  });
  it('nobody is told to enforce, or to publish TLSA records in an unsigned zone', () => {
    const all = advice.steps.flatMap(texts);
    assert.ok(
      all.every((line) => !line.includes('enforce') && !line.includes('TLSA')),
      all.join('\n'),
    );
  });
  it('says where the domain stands', () => {
    const told = advice.standing.map(({ what, state }) => `${what} ${state}`);
    assert.deepEqual(told, [
      'tls done',
      'tls-rpt missing',
      'mta-sts missing',
      'dnssec missing',
      'dane missing',
    ]);
  });
});

describe('an unsigned zone with TLSA records that nobody obeys', () => {
  it('has them taken out before it is signed: from then on they count', () => {
    const zone = { ...plainZone, [`_25._tcp.${HOST} TLSA`]: [`3 1 1 ${'11'.repeat(32)}`] };
    const [first, second] = step(advise({ zone, status: 'insecure' }), 'dnssec').do;
    assert.match(first?.do ?? '', /^First take the TLSA records at _25\._tcp\.\S+ out/);
    assert.match(second?.do ?? '', /signed by the name server/);
    const [only] = step(advise({ zone: plainZone, status: 'insecure' }), 'dnssec').do;
    assert.match(only?.do ?? '', /signed by the name server/);
  });
});

describe('half done: signed, a policy in testing', () => {
  const testing = (id: string): Advice =>
    advise({
      zone: { ...half, '_mta-sts.example.test TXT': [`"v=STSv1; id=${id};"`] },
      policy: policyText('testing'),
    });

  it('after two weeks, by the id of the record, it is enforced: first for a week', () => {
    const enforce = step(testing('20291217'), 'mta-sts-enforce');
    assert.equal(enforce.state, 'now');
    assert.deepEqual(texts(enforce), [
      'version: STSv1',
      'mode: enforce',
      `mx: ${HOST}`,
      'max_age: 604800',
      '_mta-sts.example.test. IN TXT "v=STSv1; id=20300101000000;"',
    ]);
    assert.equal(enforce.wait?.hours, 168);
  });
  it('what the policy lists stays in every file: patterns, and hosts that are to come', () => {
    const policy = policyText('testing', ['*.example.test', 'next.test']);
    const enforce = step(advise({ zone: half, policy }), 'mta-sts-enforce');
    const listed = texts(enforce).filter((line) => line.startsWith('mx: '));
    assert.deepEqual(listed, ['mx: *.example.test', 'mx: next.test']);
    const other = step(
      advise({ zone: half, policy: policyText('testing', ['next.test']) }),
      'mta-sts-testing',
    );
    const both = texts(other).filter((line) => line.startsWith('mx: '));
    assert.deepEqual(both, ['mx: next.test', `mx: ${HOST}`]);
  });
  it('RFC 8461 §8.2: a record that is delegated stays so', () => {
    const end = dnsName(nameOf('_mta-sts.provider.test'));
    const change = (answer: Answer): Answer =>
      answer.question.type === types.TXT && answer.question.name.startsWith('\x08_mta-sts')
        ? {
            ...answer,
            owner: end,
            aliases: [{ from: answer.question.name, to: end, by: 'CNAME', status: 'secure' }],
          }
        : answer;
    const advised = [
      step(advise({ zone: half, policy: policyText('testing'), change }), 'mta-sts-enforce'),
      step(advise({ zone: half, policy: policyText('testing', ['next.test']), change }), 'mta-sts-testing'),
      step(advise({ zone: half, policy: policyText('enforce'), change }), 'mta-sts-long'),
    ];
    for (const one of advised) {
      assert.equal(one.state, 'now');
      assert.ok(texts(one).every((line) => !line.includes('IN TXT')));
      assert.match(one.do.at(-1)?.do ?? '', /_mta-sts\.provider\.test given a new id/);
    }
  });
  it('before that, or where nobody knows, the reports are watched', () => {
    for (const [id, hours] of [
      ['20291228', 240],
      ['abc', 336],
      ['20300102', 336],
    ] as const) {
      const advice = testing(id);
      const watch = step(advice, 'mta-sts-watch');
      assert.deepEqual([watch.state, watch.wait?.hours], ['now', hours], id);
      assert.equal(step(advice, 'mta-sts-enforce').state, 'later');
    }
  });
  it('an id that is no date gives way to one that is: the two weeks count from there', () => {
    const [record, reports] = step(testing('1'), 'mta-sts-watch').do;
    assert.match(record?.do ?? '', /^Give the record a new id, .* the two weeks count from there/);
    const lines = record?.lines?.map(({ text }) => text);
    assert.deepEqual(lines, ['_mta-sts.example.test. IN TXT "v=STSv1; id=20300101000000;"']);
    assert.match(reports?.do ?? '', /^Read the reports/);
    assert.match(step(testing('20291228'), 'mta-sts-watch').do[0]?.do ?? '', /^Read the reports/);
  });
  it('what the reports have said is not known from the date: they are read before the policy is enforced', () => {
    const advice = testing('20291217');
    const watched = step(advice, 'mta-sts-watch');
    assert.equal(watched.state, 'done');
    assert.match(watched.because, /two weeks have gone by; read the reports before you go on$/);
    assert.match(step(advice, 'mta-sts-enforce').do[0]?.do ?? '', /^Read the reports .*Go on only if/);
  });
  it('TLSA records of the keys that were seen, and after them twice the TTL for the next', () => {
    const advice = testing('abc');
    assert.deepEqual(texts(step(advice, 'tlsa')), [`_25._tcp.${HOST}. 3600 IN TLSA ${good}`]);
    assert.equal(step(advice, 'tlsa-rollover').state, 'later');
    const next = advise({
      zone: { ...half, [`_25._tcp.${HOST} TLSA`]: [good] },
      policy: policyText('testing'),
    });
    const rollover = step(next, 'tlsa-rollover');
    // The resolver says 300 seconds, which may be what is left of a day.
    assert.deepEqual([rollover.state, rollover.wait?.hours], ['now', 48]);
    assert.ok(rollover.do.length === 3);
  });
});

describe('an alias at the place of the TLSA records, into a zone that is not signed', () => {
  it('RFC 2181 §10.1: the records go in its place', () => {
    const end = dnsName(nameOf('_dane.example.test'));
    const change = (answer: Answer): Answer =>
      answer.question.type === types.TLSA
        ? {
            ...answer,
            status: 'insecure',
            owner: end,
            aliases: [{ from: answer.question.name, to: end, by: 'CNAME', status: 'secure' }],
          }
        : answer;
    const zone = { ...half, [`_25._tcp.${HOST} TLSA`]: [good] };
    const tlsa = step(advise({ zone, change }), 'tlsa');
    assert.deepEqual(texts(tlsa), [`_25._tcp.${HOST}. 3600 IN TLSA ${good}`]);
    assert.match(tlsa.do[0]?.do ?? '', /^In place of the alias at/);
    assert.match(step(advise({ zone: half }), 'tlsa').do[0]?.do ?? '', /^Publish the key/);
  });
});

describe('a long TTL is waited for twice', () => {
  it('RFC 7671 §8.1: "at least two Times to Live"', () => {
    const zone = { ...half, [`_25._tcp.${HOST} TLSA`]: [good] };
    const advice = advise({ zone, change: (answer) => ({ ...answer, ttl: 172_800 }) });
    const rollover = step(advice, 'tlsa-rollover');
    assert.equal(rollover.wait?.hours, 96);
    assert.ok(rollover.do.some(({ do: order }) => order.includes('96 hours')));
  });
});

describe('all of it', () => {
  const next = `3 1 1 ${'11'.repeat(32)}`;
  const advice = advise({ zone: goodZone([good, next]), policy: policyText('enforce', [HOST], 15_552_000) });

  it('there is nothing left to do, and everything is said to be done', () => {
    assert.deepEqual([...new Set(Object.values(states(advice)))], ['done']);
    assert.equal(advice.next, null);
    assert.deepEqual([...new Set(advice.standing.map(({ state }) => state))], ['done']);
  });
  it('a max_age of two weeks is raised in the end', () => {
    const short = advise({ zone: goodZone([good, next]), policy: policyText('enforce') });
    assert.equal(short.next, 'mta-sts-long');
    assert.ok(texts(step(short, 'mta-sts-long')).includes('max_age: 15552000'));
  });
  it('not in the week in which it begins to be enforced', () => {
    const zone = { ...goodZone([good, next]), '_mta-sts.example.test TXT': ['"v=STSv1; id=20291230;"'] };
    const long = step(advise({ zone, policy: policyText('enforce') }), 'mta-sts-long');
    assert.deepEqual([long.state, long.do, long.wait?.hours], ['later', [], 120]);
    zone['_mta-sts.example.test TXT'] = ['"v=STSv1; id=20291225;"'];
    assert.equal(step(advise({ zone, policy: policyText('enforce') }), 'mta-sts-long').state, 'now');
  });
});

describe('what is broken comes first', () => {
  it('a policy that is enforced and does not fit: relief, then the repair', () => {
    const advice = advise({ zone: half, policy: policyText('enforce', ['other.test']) });
    assert.equal(advice.next, 'repair');
    assert.match(step(advice, 'repair').do[0]?.do ?? '', /change "mode: enforce" to "mode: testing"/);
    assert.equal(step(advice, 'mta-sts-enforce').state, 'later');
  });
  it('TLSA records that do not fit', () => {
    const advice = advise({ zone: { ...half, [`_25._tcp.${HOST} TLSA`]: [`3 1 1 ${'11'.repeat(32)}`] } });
    assert.equal(advice.next, 'repair');
    assert.equal(step(advice, 'tlsa').state, 'later');
    assert.ok(texts(step(advice, 'repair')).some((line) => line.endsWith(good)));
  });
  it('a certificate of another name: no enforcement, testing all the same', () => {
    const tls = tlsSeen({ chain: chainFor({ names: ['www.example.test'] }) });
    const advice = advise({
      zone: half,
      policy: policyText('testing'),
      observations: [observe({ base: { tls } })],
    });
    assert.deepEqual([step(advice, 'tls').state, step(advice, 'mta-sts-enforce').state], ['now', 'later']);
    assert.deepEqual(texts(step(advice, 'mta-sts-enforce')), []);
  });
  it('an address that sends us away, or that nobody has looked at: it cannot be told', () => {
    const zone = { ...half, [`${HOST} A`]: ['192.0.2.1', '192.0.2.2'] };
    const away = observe({ endpoint: { address: '192.0.2.2' }, base: sentAway('throttled') });
    assert.equal(
      step(
        advise({ zone, policy: policyText('testing'), observations: [observe(), away] }),
        'mta-sts-enforce',
      ).state,
      'blocked',
    );
    for (const observations of [[observe(), away], [observe()]]) {
      const advice = advise({ zone, policy: policyText('testing'), observations });
      assert.deepEqual([step(advice, 'tls').state, step(advice, 'tlsa').state], ['blocked', 'blocked']);
      assert.notEqual(step(advice, 'mta-sts-enforce').state, 'now');
      assert.deepEqual(texts(step(advice, 'mta-sts-enforce')), []);
    }
  });
  it('an address of a network that we have no way to does not stand in the way of the others', () => {
    const zone = { ...half, [`${HOST} AAAA`]: ['2001:db8::1'] };
    const nowhere = observe({ endpoint: { address: '2001:db8::1' }, base: notConnected('no-route') });
    const advice = advise({ zone, policy: policyText('testing'), observations: [observe(), nowhere] });
    assert.equal(step(advice, 'mta-sts-enforce').state, 'now');
    const alone = advise({ zone: { ...zone, [`${HOST} A`]: [] }, observations: [nowhere] });
    assert.equal(step(alone, 'tls').state, 'blocked');
  });
});

describe('TLSA records that fit, behind MX records that nothing proves', () => {
  it('do not count for all senders before the zone is signed', () => {
    const zone = { ...half, [`_25._tcp.${HOST} TLSA`]: [good] };
    const statuses = { [HOST]: 'secure', '_tcp.mx1.example.test': 'secure' } as const;
    const tlsa = step(advise({ zone, status: 'insecure', statuses }), 'tlsa');
    assert.deepEqual([tlsa.state, tlsa.do], ['later', []]);
    assert.match(tlsa.because, /once the MX records of example\.test are proven$/);
    assert.equal(step(advise({ zone }), 'tlsa').state, 'done');
  });
});

describe('a file that was changed under the id that senders know', () => {
  it('is made known by a new id, and no other file is offered beside that', () => {
    const parsed = parsePolicy(Buffer.from(policyText('testing', ['next.test'])));
    assert.ok(parsed.kind === 'ok');
    const sts = {
      domain: DOMAIN,
      known: { id: '20260101', policy: parsed.policy, fetchedAt: now, expiresAt: now + 5 * aDay },
      failures: null,
      attemptedAt: now,
      refreshAt: null,
      usedAt: now,
      clock: now,
    };
    const advice = advise({ zone: half, policy: policyText('testing'), recalled: { sts } });
    assert.equal(advice.next, 'repair');
    assert.ok(texts(step(advice, 'repair')).some((line) => line.startsWith('_mta-sts.example.test. IN TXT')));
    const files = advice.steps.flatMap(texts).filter((line) => line.startsWith('version:'));
    assert.deepEqual(files, []);
    assert.notEqual(advice.standing.find(({ what }) => what === 'mta-sts')?.state, 'broken');
  });
});

describe('a record of TLS-RPT that does not do', () => {
  it('is mended as the check says, and what two of its findings have to be pasted is there once', () => {
    const zone = { ...plainZone, '_smtp._tls.example.test TXT': ['"v=TLSRPTv1; rua=tls@reports.test"'] };
    const reports = step(advise({ zone }), 'tls-rpt');
    assert.equal(reports.state, 'now');
    const records = texts(reports).filter((line) => line.startsWith('_smtp._tls.example.test. '));
    assert.equal(records.length, 1, texts(reports).join(' '));
  });
});

describe('who takes no mail', () => {
  it('is advised nothing', () => {
    const advice = advise({ zone: { 'example.test MX': ['0 .'] } });
    assert.match(advice.nothing ?? '', /accepts no mail/);
    assert.deepEqual(advice.steps, []);
  });
  it('nor who has neither MX records nor an address, but that mail goes back', () => {
    const advice = advise({ zone: { 'example.test TXT': ['"v=spf1 -all"'] } });
    assert.match(advice.nothing ?? '', /neither MX records nor an address, and mail for it goes back/);
    assert.deepEqual(advice.steps, []);
  });
});

/** Everything that a mail host may do at an address. */
const doors = [
  {},
  { tls: tlsSeen({ chain: chainFor({ names: ['other.test'] }) }) },
  { tls: tlsSeen({ chain: chainFor({ spec: { notAfter: now - aDay } }) }) },
  { tls: tlsSeen({ path: { kind: 'untrusted', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } }) },
  withoutStarttls(),
  handshakeFailed(),
  notConnected(),
  sentAway('throttled'),
];

describe('whatever is seen', () => {
  // Half of them have nothing wrong.
  const door = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: doors.length - 1 }));
  const scene = fc.record({
    status: fc.constantFrom('secure', 'insecure', 'indeterminate'),
    first: door,
    second: door,
    mode: fc.constantFrom('enforce', 'testing', 'none', ''),
    listed: fc.boolean(),
    records: fc.constantFrom([], [good], [`3 1 1 ${'11'.repeat(32)}`]),
    reported: fc.boolean(),
  });
  const arranged = fc.sample(scene, { numRuns: 200, seed: 7 }).map((one) => {
    const { status, first, second, mode, listed, records, reported } = one;
    const zone = {
      'example.test MX': [`10 ${HOST}.`],
      [`${HOST} A`]: ['192.0.2.1', '192.0.2.2'],
      ...(records.length > 0 ? { [`_25._tcp.${HOST} TLSA`]: records } : {}),
      ...(mode === ''
        ? {}
        : {
            '_mta-sts.example.test TXT': ['"v=STSv1; id=20260101;"'],
            'mta-sts.example.test A': ['192.0.2.80'],
          }),
      ...(reported ? { '_smtp._tls.example.test TXT': ['"v=TLSRPTv1; rua=mailto:a@b.test"'] } : {}),
    };
    const policy = policyText(mode, mode === 'none' ? [] : [listed ? HOST : 'other.test']);
    const observations = [
      observe({ base: doors[first] ?? {} }),
      observe({ endpoint: { address: '192.0.2.2' }, base: doors[second] ?? {} }),
    ];
    const given: Scene = { zone, status, observations, ...(mode === '' ? {} : { policy }) };
    return { one, given };
  });

  it('enforce is never advised where a sender that enforces would not deliver now', () => {
    let advised = 0;
    for (const { one, given } of arranged) {
      const advice = advise(given);
      const lines = advice.steps.flatMap((each) =>
        ['mta-sts-enforce', 'mta-sts-long'].includes(each.id) ? texts(each) : [],
      );
      if (!lines.includes('mode: enforce')) continue;
      advised += 1;
      // What follows if the advice is taken: the same domain with that very policy.
      const policy = `${lines.filter((line) => !line.startsWith('_mta-sts')).join('\r\n')}\r\n`;
      const { theCase } = stage({ ...given, policy });
      const outcome = simulate(theCase).outcomes['mta-sts']?.outcome;
      assert.equal(outcome, 'authenticated', JSON.stringify(one));
    }
    assert.ok(advised > 5, `${advised} only`);
  });

  it('TLSA records are never advised where a sender with DANE would not deliver then', () => {
    let advised = 0;
    for (const { one, given } of arranged) {
      const lines = texts(step(advise(given), 'tlsa'));
      if (lines.length === 0) continue;
      advised += 1;
      const records = lines.map((line) => line.replace(/^.* TLSA /, ''));
      const { theCase } = stage({ ...given, zone: { ...given.zone, [`_25._tcp.${HOST} TLSA`]: records } });
      const outcome = simulate(theCase).outcomes['postfix-dane']?.outcome ?? '';
      assert.ok(['authenticated', 'encrypted'].includes(outcome), `${outcome} ${JSON.stringify(one)}`);
    }
    assert.ok(advised > 5, `${advised} only`);
  });

  it('each step has a reason, each that is to be done now an order with a command that shows it', () => {
    for (const { given } of arranged) {
      for (const { id, state, because, do: remedies } of advise(given).steps) {
        assert.ok(because.length > 0, id);
        assert.equal(state === 'now', remedies.length > 0 && state === 'now', `${id} ${state}`);
        if (state === 'now')
          assert.ok(
            remedies.some(({ verify }) => verify !== undefined),
            id,
          );
        if (state === 'done' || state === 'blocked') assert.deepEqual(remedies, [], id);
      }
    }
  });
});
