/** What is found about MTA-STS: each id where it is, and where it is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '../../../../src/dns/answer.ts';
import { nameOf as dnsName } from '../../../../src/dns/name.ts';
import { types } from '../../../../src/dns/record.ts';
import type { Finding } from '../../../../src/findings/finding.ts';
import type { PolicyFetch } from '../../../../src/findings/recording.ts';
import { mtastsFindings } from '../../../../src/findings/rules/mtasts.ts';
import type { StsEntry } from '../../../../src/policies/mta-sts/cache.ts';
import { parsePolicy } from '../../../../src/policies/mta-sts/policy.ts';
import type { HttpsFault } from '../../../../src/wire/https-answer.ts';
import { aDay } from '../../../support/chains.ts';
import { DOMAIN, nameOf } from '../../../support/destinations.ts';
import {
  chainFor,
  HOST,
  handshakeFailed,
  notConnected,
  now,
  observe,
  only,
  statesOf,
  tlsSeen,
  withoutStarttls,
} from '../../../support/observations.ts';
import { goodZone, plainZone, policyText, type Scene, served, stage } from '../../../support/scenes.ts';

function found(scene: Partial<Scene> = {}): readonly Finding[] {
  const { theCase, run } = stage({ zone: goodZone(), policy: policyText('enforce'), ...scene });
  return run(mtastsFindings(theCase));
}

function states(id: string, scene: Partial<Scene> = {}): string {
  return statesOf(found(scene), id);
}

/** The one finding of an id as `state severity`. */
function verdict(id: string, scene: Partial<Scene> = {}): string {
  return only(found(scene), id)
    .map(({ state, severity }) => `${state} ${severity}`)
    .join(', ');
}

/** The lines to paste of a finding, one text each. */
function lines(id: string, scene: Partial<Scene>): readonly string[] {
  return only(found(scene), id).flatMap(({ fix }) =>
    fix.flatMap((one) => one.lines ?? []).map(({ text }) => text),
  );
}

const withRecord = (...texts: readonly string[]): Partial<Scene> => ({
  zone: { ...goodZone(), '_mta-sts.example.test TXT': texts.map((text) => `"${text}"`) },
});
const { '_mta-sts.example.test TXT': _record, ...withoutRecord } = {
  ...goodZone(),
  '_mta-sts.example.test TXT': [],
};
const failed = (fault: HttpsFault, change: object = {}): PolicyFetch => ({
  kind: 'failed',
  fault,
  because: `of the test: ${fault}`,
  tls: undefined,
  course: { ms: 10, failed: [] },
  ...change,
});
const POLICY_HOST = 'mta-sts.example.test';

describe('mtasts.none', () => {
  it('is absent without a record: medium, or info where DANE covers every host', () => {
    assert.equal(verdict('mtasts.none', { zone: plainZone }), 'absent medium');
    assert.equal(verdict('mtasts.none', { zone: withoutRecord }), 'absent info');
    // RFC 7672 §2.2.1: the host of MX records that are not proven may be anybody's, with records of his own.
    const change = (answer: Answer): Answer =>
      answer.question.type === types.MX ? { ...answer, status: 'insecure' } : answer;
    assert.equal(verdict('mtasts.none', { zone: withoutRecord, change }), 'absent medium');
  });
  it('gives the host, the file in testing with the real mail host, and the record, in this order', () => {
    const [one] = only(found({ zone: plainZone }), 'mtasts.none');
    const texts = one?.fix.flatMap(({ lines: some = [] }) => some.map(({ text }) => text)) ?? [];
    const order = [
      'mta-sts.example.test. IN A',
      'mode: testing',
      `mx: ${HOST}`,
      '_mta-sts.example.test. IN TXT "v=STSv1; id=20300101000000;"',
    ];
    const at = order.map((start) => texts.findIndex((text) => text.startsWith(start)));
    assert.ok(
      at.every((index, which) => index >= 0 && index >= (at[which - 1] ?? 0)),
      texts.join('\n'),
    );
  });
  it('passes with one', () => assert.equal(states('mtasts.none'), 'pass'));
  it('S3: is not tested where nobody could say', () => {
    const zone = { ...goodZone(), '_mta-sts.example.test TXT': 'unknown' } as const;
    assert.equal(states('mtasts.none', { zone }), 'not-tested');
  });
  it('a domain that takes no mail needs none', () =>
    assert.deepEqual(found({ zone: { 'example.test MX': ['0 .'] } }), []));
});

describe('the record', () => {
  const rows: readonly (readonly [id: string, ...texts: string[]])[] = [
    ['mtasts.record.multiple', 'v=STSv1; id=a;', 'v=STSv1; id=b;'],
    ['mtasts.record.syntax', 'v=STSv1; id=a;;'],
    ['mtasts.record.id', 'v=STSv1; id=2026-01-01;'],
    ['mtasts.record.version', 'v=STSV1; id=a;'],
  ];
  for (const [id, ...texts] of rows) {
    it(`${id}: high, alone, and with the right record`, () => {
      const all = found(withRecord(...texts));
      const records = only(all, ...rows.map(([one]) => one));
      assert.deepEqual(
        records.map((one) => `${one.id} ${one.state} ${one.severity}`),
        [`${id} fail high`],
      );
      // What the record brings into effect comes before it, and is tried out first.
      assert.deepEqual(lines(id, withRecord(...texts)), [
        'version: STSv1',
        'mode: testing',
        `mx: ${HOST}`,
        'max_age: 86400',
        '_mta-sts.example.test. IN TXT "v=STSv1; id=20300101000000;"',
      ]);
    });
    it(`${id}: passes with a good one`, () => assert.equal(states(id), 'pass'));
  }
  it('a wildcard of the zone with other text is no try at a record', () => {
    const scene = withRecord('v=spf1 -all');
    assert.equal(states('mtasts.record.version', scene), '');
    assert.equal(states('mtasts.none', scene), 'absent');
  });
  it('mtasts.record.wrong-place', () => {
    for (const place of ['example.test', POLICY_HOST]) {
      const zone = { ...withoutRecord, [`${place} TXT`]: ['"v=STSv1; id=a;"', '"v=spf1 -all"'] };
      assert.equal(verdict('mtasts.record.wrong-place', { zone }), 'fail medium', place);
    }
    assert.equal(states('mtasts.record.wrong-place', { zone: withoutRecord }), 'pass');
    assert.equal(states('mtasts.record.wrong-place'), '');
  });
  it('mtasts.record.cname: RFC 8461 §8.2, delegated', () => {
    const end = dnsName(nameOf('_mta-sts.provider.test'));
    const change = (answer: Answer): Answer =>
      answer.question.type === types.TXT && answer.question.name.startsWith('\x08_mta-sts')
        ? {
            ...answer,
            owner: end,
            aliases: [{ from: answer.question.name, to: end, by: 'CNAME', status: 'secure' }],
          }
        : answer;
    assert.equal(states('mtasts.record.cname', { change }), 'pass');
    assert.equal(states('mtasts.record.cname', { zone: withoutRecord, change }), 'warn');
    assert.equal(states('mtasts.record.cname'), '');
    // An own record in place of the alias would hide every later change of the provider's from senders.
    const policy = policyText('enforce', ['other.test']);
    const [one] = only(found({ change, policy }), 'mtasts.mx-all-uncovered');
    assert.ok(one?.fix.some(({ do: order }) => order.includes('_mta-sts.provider.test given a new id')));
    assert.ok(
      lines('mtasts.mx-all-uncovered', { change, policy }).every((line) => !line.includes('v=STSv1')),
    );
    assert.ok(lines('mtasts.mx-all-uncovered', { policy }).some((line) => line.includes('v=STSv1')));
  });
});

describe('the policy host', () => {
  const stranger = tlsSeen({
    chain: chainFor({ names: [POLICY_HOST] }),
    path: { kind: 'untrusted', code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' },
  });
  const expired = tlsSeen({
    chain: chainFor({ names: [POLICY_HOST], spec: { notAfter: now - aDay } }),
    path: { kind: 'untrusted', code: 'CERT_HAS_EXPIRED' },
  });
  const other = tlsSeen({ chain: chainFor({ names: ['www.example.test'] }) });
  const file = policyText('enforce');
  const withoutLine = (start: string): string =>
    file
      .split('\r\n')
      .filter((line) => !line.startsWith(start))
      .join('\r\n');
  const rows: readonly (readonly [id: string, policy: PolicyFetch | string])[] = [
    ['mtasts.policy.nxdomain', failed('dns')],
    ['mtasts.policy.address', failed('address')],
    ['mtasts.policy.tcp', failed('tcp')],
    ['mtasts.policy.tls', failed('tls')],
    ['mtasts.policy.cert-expired', failed('tls-webpki', { tls: expired })],
    ['mtasts.policy.cert-name', failed('tls-webpki', { tls: other })],
    ['mtasts.policy.cert-untrusted', failed('tls-webpki', { tls: stranger })],
    ['mtasts.record-without-policy', served('', { status: 404 })],
    ['mtasts.policy.http-status', served('', { status: 503 })],
    ['mtasts.policy.http-status', failed('http')],
    ['mtasts.policy.redirect', served('', { status: 301, location: 'https://www.example.test/' })],
    ['mtasts.policy.content-type', served(file, { contentType: 'text/html' })],
    ['mtasts.policy.too-large', failed('too-big')],
    ['mtasts.policy.slow', failed('timeout')],
    ['mtasts.policy.syntax', '<html>no policy</html>'],
    ['mtasts.policy.bom', `\ufeff${file}`],
    ['mtasts.policy.version', file.replace('STSv1', 'STSv2')],
    ['mtasts.policy.mode-missing', withoutLine('mode')],
    ['mtasts.policy.mode-missing', file.replace('enforce', 'on')],
    ['mtasts.policy.max-age-missing', withoutLine('max_age')],
    ['mtasts.policy.max-age-range', file.replace(/max_age: \d+/, 'max_age: a week')],
    ['mtasts.policy.mx-missing', withoutLine('mx')],
    ['mtasts.policy.mx-syntax', file.replace(/mx: .*/, 'mx: *.*')],
  ];
  const severities: Readonly<Record<string, string>> = { 'mtasts.policy.content-type': 'medium' };
  for (const [id, policy] of rows) {
    it(`${id}: fails alone among those of the host`, () => {
      const all = found({ policy });
      const wrong = all.filter(
        ({ id: one, state }) => rows.some(([name]) => name === one) && state !== 'pass',
      );
      assert.deepEqual(
        wrong.map((one) => `${one.id} ${one.state} ${one.severity}`),
        [`${id} fail ${severities[id] ?? 'high'}`],
      );
      assert.ok((wrong[0]?.fix.length ?? 0) > 0 && (wrong[0]?.evidence.length ?? 0) > 0);
    });
    it(`${id}: passes with a good one`, () => assert.equal(states(id), 'pass'));
  }
  it('nothing is said of a host to which no record leads', () => {
    const all = found({ zone: withoutRecord, policy: failed('tcp') });
    assert.equal(statesOf(all, 'mtasts.policy.tcp'), '');
  });
  it('mtasts.policy.tcp: a network that we have no way to is not tested', () => {
    const nowhere = { address: '2001:db8::1', fault: 'tcp', noRoute: true, because: 'no route' } as const;
    const policy = failed('tcp', { course: { ms: 1, failed: [nowhere] } });
    assert.equal(verdict('mtasts.policy.tcp', { policy }), 'not-tested info');
  });
  it('mtasts.policy.nxdomain: is not tested where nobody could say', () => {
    const zone = { ...goodZone(), [`${POLICY_HOST} A`]: 'unknown' } as const;
    assert.equal(states('mtasts.policy.nxdomain', { zone, policy: failed('dns') }), 'not-tested');
  });
  it('mtasts.dangling-host: an alias of a name that does not exist is critical', () => {
    const end = dnsName(nameOf('gone.provider.test'));
    const change = (answer: Answer): Answer => {
      if (answer.question.name !== dnsName(nameOf(POLICY_HOST))) return answer;
      const { question, status, ttl, chain, because, errors, signedSince, signedUntil } = answer;
      const aliases = [{ from: question.name, to: end, by: 'CNAME', status }] as const;
      const common = { question, status, ttl, chain, because, errors, signedSince, signedUntil, aliases };
      return { ...common, kind: 'absent', what: 'no-such-name', owner: end };
    };
    assert.equal(verdict('mtasts.dangling-host', { change, policy: failed('dns') }), 'fail critical');
    assert.equal(states('mtasts.dangling-host'), 'pass');
  });
  it('mtasts.policy.cert-expired: from the day on which it is', () => {
    assert.equal(states('mtasts.policy.cert-expired', { now: now + 59 * aDay }), 'pass');
    assert.equal(states('mtasts.policy.cert-expired', { now: now + 61 * aDay }), 'fail');
  });
  it('mtasts.policy.cert-expiring: in the last tenth of its life, or the last week', () => {
    assert.equal(states('mtasts.policy.cert-expiring'), 'pass');
    assert.equal(verdict('mtasts.policy.cert-expiring', { now: now + 52 * aDay }), 'warn medium');
    assert.equal(states('mtasts.policy.cert-expiring', { now: now + 61 * aDay }), '');
  });
  it('mtasts.policy.ipv6-broken', () => {
    const at = (noRoute: boolean): PolicyFetch => {
      const one = { address: '2001:db8::80', fault: 'tcp', noRoute, because: 'refused' } as const;
      return { ...served(file), course: { ms: 1, failed: [one] } };
    };
    assert.equal(verdict('mtasts.policy.ipv6-broken', { policy: at(false) }), 'warn medium');
    assert.equal(verdict('mtasts.policy.ipv6-broken', { policy: at(true) }), 'not-tested info');
    assert.equal(
      states('mtasts.policy.ipv6-broken', { policy: served(file, { address: '2001:db8::80' }) }),
      'pass',
    );
    assert.equal(states('mtasts.policy.ipv6-broken'), '');
  });
});

describe('what the policy says', () => {
  it('mtasts.mode-none', () => {
    assert.equal(verdict('mtasts.mode-none', { policy: policyText('none', []) }), 'warn medium');
    assert.equal(states('mtasts.mode-none'), 'pass');
  });
  it('mtasts.mode-testing', () => {
    assert.equal(verdict('mtasts.mode-testing', { policy: policyText('testing') }), 'warn low');
    assert.equal(states('mtasts.mode-testing'), 'pass');
  });
  it('mtasts.max-age-short: only where it is enforced', () => {
    const age = (mode: string, seconds: number): string =>
      verdict('mtasts.max-age-short', { policy: policyText(mode, [HOST], seconds) });
    assert.equal(age('enforce', 3_600), 'warn medium');
    assert.equal(age('enforce', 86_400), 'warn info');
    assert.equal(age('enforce', 1_209_600), 'pass medium');
    assert.equal(age('testing', 3_600), 'pass medium');
  });
  it('mtasts.policy.max-age-range: more than a year works, and is told', () => {
    const policy = policyText('enforce', [HOST], 31_557_601);
    assert.equal(verdict('mtasts.policy.max-age-range', { policy }), 'warn low');
    assert.equal(
      states('mtasts.policy.max-age-range', { policy: policyText('enforce', [HOST], 31_557_600) }),
      'pass',
    );
  });
  it('mtasts.policy.duplicate-key', () => {
    const policy = `${policyText('enforce')}mode: none\r\n`;
    assert.equal(verdict('mtasts.policy.duplicate-key', { policy }), 'warn low');
    assert.equal(states('mtasts.policy.duplicate-key'), 'pass');
  });
});

describe('the policy and the mail hosts', () => {
  const MX2 = 'mx2.example.test';
  const two = {
    ...goodZone(),
    'example.test MX': [`10 ${HOST}.`, `20 ${MX2}.`],
    [`${MX2} A`]: ['192.0.2.2'],
  };
  const modes = [
    ['enforce', 'fail critical'],
    ['testing', 'warn medium'],
  ] as const;
  for (const [mode, bad] of modes) {
    it(`${mode}: mtasts.mx-uncovered: ${bad}, with the whole file and a new id`, () => {
      const scene = { zone: two, policy: policyText(mode) };
      assert.equal(verdict('mtasts.mx-uncovered', scene), bad);
      assert.deepEqual(lines('mtasts.mx-uncovered', scene), [
        'version: STSv1',
        `mode: ${mode}`,
        `mx: ${HOST}`,
        `mx: ${MX2}`,
        mode === 'enforce' ? 'max_age: 1209600' : 'max_age: 86400',
        '_mta-sts.example.test. IN TXT "v=STSv1; id=20300101000000;"',
      ]);
      assert.equal(
        states('mtasts.mx-uncovered', { zone: two, policy: policyText(mode, [HOST, MX2]) }),
        'pass',
      );
      assert.equal(
        states('mtasts.mx-uncovered', { zone: two, policy: policyText(mode, ['*.example.test']) }),
        'pass',
      );
    });
    it(`${mode}: a repair keeps the age: what is wrong in it is forgotten as soon as what it repairs`, () => {
      const scene = { zone: two, policy: policyText(mode, [HOST], 3_600) };
      const kept = mode === 'enforce' ? 'max_age: 3600' : 'max_age: 86400';
      assert.ok(lines('mtasts.mx-uncovered', scene).includes(kept));
      if (mode === 'testing') return;
      assert.deepEqual(lines('mtasts.max-age-short', scene), []);
      const whole = { zone: two, policy: policyText(mode, [HOST, MX2], 3_600) };
      assert.ok(lines('mtasts.max-age-short', whole).includes('max_age: 1209600'));
    });
    it(`${mode}: mtasts.mx-all-uncovered: ${bad}`, () => {
      const scene = { policy: policyText(mode, ['other.test']) };
      assert.equal(verdict('mtasts.mx-all-uncovered', scene), bad);
      assert.equal(states('mtasts.mx-uncovered', scene), '');
      assert.equal(states('mtasts.mx-all-uncovered', { policy: policyText(mode) }), 'pass');
    });
    it(`${mode}: mtasts.mx-no-starttls: ${bad}`, () => {
      for (const base of [withoutStarttls(), handshakeFailed()]) {
        const scene = { policy: policyText(mode), observations: [observe({ base })] };
        assert.equal(verdict('mtasts.mx-no-starttls', scene), bad);
      }
      assert.equal(states('mtasts.mx-no-starttls', { policy: policyText(mode) }), 'pass');
    });
    it(`${mode}: mtasts.mx-cert-invalid: ${bad} by date, name and authority`, () => {
      const faults = [
        tlsSeen({ chain: chainFor({ spec: { notAfter: now - aDay } }) }),
        tlsSeen({ chain: chainFor({ names: ['mail.example.test'] }) }),
        tlsSeen({ path: { kind: 'untrusted', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } }),
      ];
      for (const tls of faults) {
        const scene = { policy: policyText(mode), observations: [observe({ base: { tls } })] };
        assert.equal(verdict('mtasts.mx-cert-invalid', scene), bad);
      }
      assert.equal(states('mtasts.mx-cert-invalid', { policy: policyText(mode) }), 'pass');
    });
    it(`${mode}: mtasts.mx-tls-too-old: ${bad}`, () => {
      const old = { observations: [observe({ base: { tls: tlsSeen({ version: 'TLSv1.1' }) } })] };
      assert.equal(verdict('mtasts.mx-tls-too-old', { policy: policyText(mode), ...old }), bad);
      assert.equal(states('mtasts.mx-tls-too-old', { policy: policyText(mode) }), 'pass');
    });
  }
  it('a file to which no record leads is nobody’s policy', () => {
    const all = found({ zone: withoutRecord, policy: policyText('enforce', ['other.test']) });
    assert.equal(statesOf(all, 'mtasts.mx-all-uncovered'), '');
  });
  it('RFC 8461 §5: with mode none nothing is asked of the hosts', () => {
    const all = found({
      policy: policyText('none', []),
      observations: [observe({ base: withoutStarttls() })],
    });
    assert.equal(statesOf(all, 'mtasts.mx-no-starttls'), '');
  });
  it('what is lost is not said of a policy by which nothing is lost yet', () => {
    const why = (scene: Partial<Scene>): string =>
      only(found(scene), 'mtasts.mx-all-uncovered')[0]?.why ?? '';
    const strange = ['other.test'];
    assert.match(why({ policy: policyText('enforce', strange) }), /deliver nothing/);
    assert.match(why({ policy: policyText('testing', strange) }), /delivered all the same/);
    const unread = { ...goodZone(), '_mta-sts.example.test TXT': ['"v=STSv1; id=a-b;"'] };
    assert.match(why({ zone: unread, policy: policyText('enforce', strange) }), /do not have the policy yet/);
  });
  it('what could not be tested is neither good nor bad', () => {
    const all = found({ observations: [observe({ base: notConnected() })] });
    assert.equal(statesOf(all, 'mtasts.mx-no-starttls') + statesOf(all, 'mtasts.mx-cert-invalid'), '');
  });
  it('mtasts.mx-unused', () => {
    const policy = policyText('enforce', [HOST, 'old.example.test']);
    assert.equal(verdict('mtasts.mx-unused', { policy }), 'warn low');
    assert.deepEqual(lines('mtasts.mx-unused', { policy }), []);
    assert.equal(states('mtasts.mx-unused'), 'pass');
  });
  it('mtasts.dane-conflict: the two should come to the same', () => {
    assert.equal(
      verdict('mtasts.dane-conflict', { policy: policyText('enforce', ['other.test']) }),
      'warn info',
    );
    assert.equal(states('mtasts.dane-conflict'), 'pass');
    const zone = { ...plainZone, '_mta-sts.example.test TXT': ['"v=STSv1; id=1;"'] };
    assert.equal(states('mtasts.dane-conflict', { zone }), '');
  });
});

describe('what mending one thing would bring about', () => {
  const wrong = policyText('enforce', ['other.test']);
  const hidden: readonly (readonly [what: string, scene: Partial<Scene>])[] = [
    ['a record that cannot be used', { ...withRecord('v=STSv1; id=a-b;'), policy: wrong }],
    ['a media type that is not taken', { policy: served(wrong, { contentType: 'text/html' }) }],
  ];
  for (const [what, scene] of hidden) {
    it(`behind ${what}, the policy is looked at all the same, and its fault stands first`, () => {
      const all = found(scene);
      assert.equal(verdict('mtasts.mx-all-uncovered', scene), 'warn high');
      const [one] = only(all, 'mtasts.mx-all-uncovered');
      assert.match(one?.evidence[0] ?? '', /^not in effect yet: /);
      const problems = all.filter(({ state }) => state === 'fail' || state === 'warn').map(({ id }) => id);
      assert.equal(problems[0], 'mtasts.mx-all-uncovered', problems.join(' '));
    });
    it(`behind ${what}, no file that is given enforces anything`, () => {
      const texts = found(scene).flatMap(({ fix }) =>
        fix.flatMap(({ lines: some = [] }) => some.map(({ text }) => text)),
      );
      assert.ok(texts.includes('mode: testing') && !texts.includes('mode: enforce'), texts.join(' '));
    });
  }
  it('a record that is not valid hides nothing of the policy host', () => {
    const zone = { ...goodZone(), '_mta-sts.example.test TXT': ['"v=STSv1; id=2026-01-01;"'] };
    const policy = served('', { status: 301, location: 'https://www.example.test/' });
    const problems = found({ zone, policy }).filter(({ state }) => state === 'fail');
    assert.deepEqual(
      problems.map(({ id }) => id),
      ['mtasts.record.id', 'mtasts.policy.redirect'],
    );
  });
  it('a redirect hides what is behind it, and that is said', () => {
    const [one] = only(
      found({ policy: served('', { status: 302, location: 'https://www.example.test/' }) }),
      'mtasts.policy.redirect',
    );
    assert.ok(one?.evidence.some((line) => line.includes('not looked at')));
    const texts = one?.fix.flatMap(({ lines: some = [] }) => some.map(({ text }) => text)) ?? [];
    assert.ok(texts.includes('mode: testing'));
  });
});

describe('one file for all', () => {
  const zone = {
    ...goodZone(),
    'example.test MX': [`10 ${HOST}.`, '20 mx2.example.test.', '30 gone.example.test.'],
    'mx2.example.test A': ['192.0.2.2'],
  };
  const scenes: readonly Partial<Scene>[] = [
    { zone, policy: `${policyText('enforce', ['old.test', HOST], 3_600)}mode: none\r\n` },
    { zone, policy: policyText('testing', ['old.test'], 31_557_601) },
    {
      zone: { ...zone, '_mta-sts.example.test TXT': ['"v=STSv1; id=a-b;"'] },
      policy: policyText('enforce', ['old.test'], 60),
    },
    { zone, policy: 'version: STSv1\nmode: enforce\n' },
  ];
  it('every repair that gives a file gives the same one, with a new id behind it', () => {
    for (const scene of scenes) {
      const files = found(scene).flatMap(({ fix }) =>
        fix.flatMap(({ lines: some = [] }, index) => {
          const file = some.filter((line) => line.for === 'policy-file').map(({ text }) => text);
          if (file.length === 0) return [];
          assert.ok(
            fix
              .slice(index + 1)
              .some(({ lines: next = [] }) => next.some(({ text }) => text.includes('v=STSv1; id='))),
          );
          return [file.join('|')];
        }),
      );
      assert.ok(files.length > 0);
      assert.equal(new Set(files).size, 1, [...new Set(files)].join('\n'));
      assert.ok(!files[0]?.includes('gone.example.test'));
      assert.ok(files[0]?.includes('mx: mx2.example.test'));
      // It may be where the mail goes next week: who pastes a file for another reason must not lose it.
      const before = typeof scene.policy === 'string' ? scene.policy : '';
      assert.equal(files[0]?.includes('mx: old.test'), before.includes('old.test'));
    }
  });
  it('a host without an address is none that the policy has to list', () =>
    assert.equal(
      states('mtasts.mx-uncovered', { zone, policy: policyText('enforce', [HOST, 'mx2.example.test']) }),
      'pass',
    ));
});

describe('what has changed', () => {
  const known = (id: string, text: string): Partial<Scene> => {
    const parsed = parsePolicy(Buffer.from(text));
    if (parsed.kind !== 'ok') return assert.fail(parsed.because);
    const sts: StsEntry = {
      domain: DOMAIN,
      known: { id, policy: parsed.policy, fetchedAt: now - aDay, expiresAt: now + aDay },
      failures: null,
      attemptedAt: now - aDay,
      refreshAt: null,
      usedAt: now - aDay,
      clock: now - aDay,
    };
    return { recalled: { sts } };
  };
  const ID = '20260101';
  it('mtasts.id-unchanged: another file under the same id', () => {
    assert.equal(verdict('mtasts.id-unchanged', known(ID, policyText('testing'))), 'fail high');
    assert.equal(states('mtasts.id-unchanged', known(ID, policyText('enforce'))), 'pass');
    assert.equal(states('mtasts.id-unchanged', known('1', policyText('testing'))), 'pass');
    assert.equal(states('mtasts.id-unchanged'), '');
  });
  it('mtasts.id-changed-policy-same: the same file under another id', () => {
    assert.equal(verdict('mtasts.id-changed-policy-same', known('1', policyText('enforce'))), 'warn low');
    assert.equal(states('mtasts.id-changed-policy-same', known(ID, policyText('enforce'))), 'pass');
  });
  it('mtasts.policy-without-record', () => {
    assert.equal(verdict('mtasts.policy-without-record', { zone: withoutRecord }), 'fail medium');
    assert.equal(states('mtasts.policy-without-record'), 'pass');
    assert.equal(states('mtasts.policy-without-record', { zone: withoutRecord, policy: failed('tls') }), '');
  });
  it('S2: a policy that is remembered is what the hosts are held to, though the record is gone', () => {
    const scene = {
      zone: withoutRecord,
      policy: failed('tcp'),
      ...known('1', policyText('enforce', ['other.test'])),
    };
    assert.equal(verdict('mtasts.mx-all-uncovered', scene), 'fail critical');
  });
});

describe('in general', () => {
  it('a well-run domain has nothing above info', () => {
    const problems = found().filter(({ state, severity }) => state !== 'pass' && severity !== 'info');
    assert.deepEqual(problems, []);
  });
  it('hosts and addresses have no policy of their own', () => {
    const target = { kind: 'host', host: nameOf(HOST), port: 25, protocol: 'smtp', tls: 'starttls' } as const;
    assert.deepEqual(found({ target }), []);
  });
  it('evidence is bounded and printable, whatever the host serves', () => {
    const evil = Buffer.from(`\x1b[2J${'x'.repeat(60_000)}\n`.repeat(1));
    for (const policy of [served(evil), served(evil, { contentType: 'text/\x1b[2Jhtml' })]) {
      for (const { evidence, id } of found({ policy })) {
        assert.ok(evidence.length > 0 && evidence.length <= 12, id);
        for (const line of evidence) assert.ok(line.length < 700 && !line.includes('\x1b'), `${id}: ${line}`);
      }
    }
  });
});
