/** What is found about TLSA records: each id where it is, and where it is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '../../../../src/dns/answer.ts';
import { nameOf as dnsName } from '../../../../src/dns/name.ts';
import { types } from '../../../../src/dns/record.ts';
import type { Finding } from '../../../../src/findings/finding.ts';
import type { Observation, Probes } from '../../../../src/findings/observation.ts';
import { daneFindings } from '../../../../src/findings/rules/dane.ts';
import { summarizeCertificate } from '../../../../src/tls/certificate.ts';
import { aDay } from '../../../support/chains.ts';
import { nameOf } from '../../../support/destinations.ts';
import {
  ADDRESS,
  agreed,
  answerOf,
  chainFor,
  endpointOf,
  HOST,
  handshakeFailed,
  issuerOf,
  notConnected,
  now,
  observe,
  only,
  secured,
  sentAway,
  statesOf,
  tlsSeen,
  withoutStarttls,
} from '../../../support/observations.ts';
import { goodZone, keyOf, plainZone, type Scene, stage } from '../../../support/scenes.ts';

function found(scene: Scene): readonly Finding[] {
  const { theCase, run } = stage(scene);
  return run(daneFindings(theCase));
}

/** The states of an id with these records at the one host. */
function withRecords(id: string, records: readonly string[], scene: Partial<Scene> = {}): string {
  return statesOf(found({ zone: goodZone(records), ...scene }), id);
}

const leaf = chainFor();
const good = keyOf(leaf);
const rsa = chainFor({ key: 'rsa2048' });
const STRANGE = `3 1 1 ${'11'.repeat(32)}`;
const OTHER = `3 1 1 ${'22'.repeat(32)}`;
const whole = (der: Uint8Array): string => {
  const summary = summarizeCertificate(der);
  return summary.kind === 'ok' ? summary.value.sha256 : assert.fail(summary.because);
};
const issuer = issuerOf();
/** The key of the authority that signs all of them; the certificate itself is another each time. */
const anchor = keyOf([issuer]).replace('3 1 1', '2 1 1');
/** The very certificate of `leaf`. */
const mine = [observe({ base: { tls: tlsSeen({ chain: leaf }) } })];
const second = { address: '192.0.2.2' };
const twoAddresses = { ...goodZone(), [`${HOST} A`]: ['192.0.2.1', '192.0.2.2'] };
const MX2 = 'mx2.example.test';
const twoHosts = {
  ...goodZone(),
  'example.test MX': [`10 ${HOST}.`, `20 ${MX2}.`],
  [`${MX2} A`]: ['192.0.2.2'],
};

describe('dane.none', () => {
  it('is absent where there are no records, with the record to publish', () => {
    const [one] = only(found({ zone: plainZone }), 'dane.none');
    assert.equal(one?.state, 'absent');
    assert.equal(one?.severity, 'info');
    const lines = one?.fix.flatMap(({ lines: some = [] }) => some.map(({ text }) => text));
    assert.deepEqual(lines, [`_25._tcp.${HOST}. 3600 IN TLSA ${good}`]);
  });
  it('says that signing comes first, where the zone is not signed', () => {
    const [one] = only(found({ zone: plainZone, status: 'insecure' }), 'dane.none');
    assert.match(one?.fix[0]?.do ?? '', /signed with DNSSEC first/);
  });
  it('passes where there are some', () => assert.equal(withRecords('dane.none', [good]), 'pass'));
  it('RFC 7672 §2.1.2: is not tested where the question failed, never absent', () => {
    const zone = { ...plainZone, [`_25._tcp.${HOST} TLSA`]: 'bogus' } as const;
    assert.equal(statesOf(found({ zone }), 'dane.none'), 'not-tested');
  });
});

describe('dane.port-missing', () => {
  const target = {
    kind: 'host',
    host: nameOf(HOST),
    port: 587,
    protocol: 'submission',
    tls: 'starttls',
  } as const;
  const observations = [observe({ endpoint: { protocol: 'submission', port: 587 } })];
  it('is absent at a port of its own, in place of dane.none', () => {
    const all = found({ zone: plainZone, target, observations });
    assert.equal(statesOf(all, 'dane.port-missing'), 'absent');
    assert.equal(statesOf(all, 'dane.none'), '');
  });
  it('passes where the port has records', () => {
    const zone = { ...plainZone, [`_587._tcp.${HOST} TLSA`]: [good] };
    assert.equal(statesOf(found({ zone, target, observations }), 'dane.port-missing'), 'pass');
  });
});

describe('dane.insecure', () => {
  it('fails where the records are in a zone that is not signed', () => {
    const [one] = only(found({ zone: goodZone(), status: 'insecure' }), 'dane.insecure');
    assert.equal(one?.state, 'fail');
    assert.match(one?.why ?? '', /not proven by DNSSEC/);
  });
  it('what does not fit is replaced before the zone is signed, or mail waits from that moment on', () => {
    const orders = (scene: Scene): readonly string[] =>
      only(found({ status: 'insecure', ...scene }), 'dane.insecure').flatMap(({ fix }) =>
        fix.map(({ do: order, lines = [] }) => [order, ...lines.map(({ text }) => text)].join(' ')),
      );
    const [first, then] = orders({ zone: goodZone([STRANGE]) });
    assert.match(first ?? '', /^First, before anything is signed, put these in their place/);
    assert.ok(first?.endsWith(good));
    assert.match(then ?? '', /signed with DNSSEC/);
    assert.match(orders({ zone: goodZone([good]) })[0] ?? '', /^Have the zone/);
    for (const base of [notConnected(), withoutStarttls()]) {
      const [order] = orders({ zone: goodZone([good]), observations: [observe({ base })] });
      assert.match(order ?? '', /^First, before anything is signed, take them out/);
    }
  });
  it('is not tested where the resolver proves nothing', () =>
    assert.equal(withRecords('dane.insecure', [good], { status: 'indeterminate' }), 'not-tested'));
  it('passes where they are proven', () => assert.equal(withRecords('dane.insecure', [good]), 'pass'));
  it('says nothing where an unsigned zone answers with an error', () => {
    const zone = { ...plainZone, [`_25._tcp.${HOST} TLSA`]: 'unknown' } as const;
    assert.equal(statesOf(found({ zone, status: 'insecure' }), 'dane.insecure'), '');
  });
});

describe('what single records are good for', () => {
  const cut = '3 1 1 aabbcc';
  const unknown = `3 9 1 ${'33'.repeat(32)}`;
  const pkix = `1 1 1 ${'44'.repeat(32)}`;
  const rows: readonly (readonly [id: string, records: readonly string[], states: string])[] = [
    ['dane.malformed', [cut], 'fail'],
    ['dane.malformed', [cut, good], 'warn'],
    ['dane.malformed', [good], 'pass'],
    ['dane.malformed', [unknown, good], 'pass'],
    ['dane.unusable', [unknown], 'fail'],
    ['dane.unusable', [pkix], 'fail'],
    ['dane.unusable', [pkix, good], 'pass'],
    ['dane.pkix-usage', [pkix], 'warn'],
    ['dane.pkix-usage', [`0 1 1 ${'44'.repeat(32)}`, good], 'warn'],
    ['dane.pkix-usage', [good], 'pass'],
    ['dane.ee-cert-selector', [`3 0 1 ${whole(leaf[0] ?? issuer)}`], 'warn'],
    ['dane.ee-cert-selector', [good], 'pass'],
    ['dane.ee-cert-selector', [anchor], ''],
    ['dane.full-data', [`3 0 0 ${Buffer.from(leaf[0] ?? []).toString('hex')}`], 'warn'],
    ['dane.full-data', [good], 'pass'],
    ['dane.sha512-only', [`3 1 2 ${'55'.repeat(64)}`], 'warn'],
    ['dane.sha512-only', [good], 'pass'],
  ];
  for (const [id, records, states] of rows) {
    it(`${id}: ${states || 'nothing'} with ${records.map((one) => one.slice(0, 12)).join(' and ')}`, () =>
      assert.equal(withRecords(id, records), states));
  }
});

describe('one fault that two findings tell of', () => {
  it('where no record counts dane.unusable is the grave one, and why is a lesser one', () => {
    for (const [id, record] of [
      ['dane.malformed', '3 1 1 aabbcc'],
      ['dane.pkix-usage', `1 1 1 ${'44'.repeat(32)}`],
    ] as const) {
      const severities = (records: readonly string[]): readonly unknown[] => {
        const all = found({ zone: goodZone(records) });
        return ['dane.unusable', id].flatMap((one) => only(all, one).map(({ severity }) => severity));
      };
      assert.deepEqual(severities([record]), ['high', 'low']);
      assert.deepEqual(severities([record, good]), ['high', 'medium']);
    }
  });
});

describe('dane.mismatch', () => {
  it('is critical where no address fits, and gives the record of the key that was seen', () => {
    const [one] = only(found({ zone: goodZone([STRANGE]) }), 'dane.mismatch');
    assert.deepEqual([one?.state, one?.severity], ['fail', 'critical']);
    assert.ok(one?.evidence.some((line) => line.includes(ADDRESS)));
    const [line] = one?.fix.flatMap(({ lines = [] }) => lines) ?? [];
    // Beside what is there, with its TTL.
    assert.equal(line?.text, `_25._tcp.${HOST}. IN TLSA ${good}`);
  });
  it('what fits nothing that was seen may fit the address that nobody could look at', () => {
    const orders = (...observations: Observation[]): string =>
      only(found({ zone: { ...twoAddresses, ...records }, observations }), 'dane.mismatch')
        .flatMap(({ fix }) => fix.map(({ do: order }) => order))
        .join(' ');
    const records = { [`_25._tcp.${HOST} TLSA`]: [STRANGE] };
    const away = observe({ endpoint: second, base: sentAway('throttled') });
    assert.match(orders(observe(), away), /When you are sure .* key at 192\.0\.2\.2/);
    assert.match(orders(observe(), observe({ endpoint: second })), /Then take out/);
  });
  it('passes where the key fits', () => assert.equal(withRecords('dane.mismatch', [good]), 'pass'));
  it('RFC 7672 §3.1.1: passes with a key that fits in a certificate that is past and of another name', () => {
    const old = chainFor({ names: ['other.test'], spec: { notAfter: now - aDay } });
    const observations = [observe({ base: { tls: tlsSeen({ chain: old, path: UNTRUSTED }) } })];
    assert.equal(withRecords('dane.mismatch', [keyOf(old)], { observations }), 'pass');
  });
  it('says nothing where the endpoint could not be tested', () => {
    for (const base of [notConnected(), sentAway('throttled'), sentAway('blocked')]) {
      const all = found({ zone: goodZone([STRANGE]), observations: [observe({ base })] });
      assert.equal(statesOf(all, 'dane.mismatch'), '');
      assert.equal(statesOf(all, 'dane.no-starttls'), '');
    }
  });
});

const UNTRUSTED = { kind: 'untrusted', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } as const;

describe('dane.mismatch-ip', () => {
  const differs = observe({ endpoint: second, base: { tls: tlsSeen({ chain: rsa }) } });
  it('is at the one address that differs', () => {
    const all = found({ zone: twoAddresses, observations: [observe(), differs] });
    const [one] = only(all, 'dane.mismatch-ip');
    assert.deepEqual([one?.state, one?.severity, one?.scope.address], ['fail', 'critical', second.address]);
    assert.equal(statesOf(all, 'dane.mismatch'), '');
  });
  it('passes where both fit', () => {
    const all = found({ zone: twoAddresses, observations: [observe(), observe({ endpoint: second })] });
    assert.equal(statesOf(all, 'dane.mismatch-ip'), 'pass');
  });
});

describe('dane.mismatch-alg, dane.mismatch-sni', () => {
  const seen = { kind: 'seen', key: 'rsa', result: 'secured', tls: tlsSeen({ chain: rsa }) } as const;
  const both = [observe({ probes: { otherKey: seen } })];
  it('the other certificate has no record', () => {
    const [one] = only(found({ zone: goodZone(), observations: both }), 'dane.mismatch-alg');
    assert.deepEqual([one?.state, one?.severity], ['fail', 'high']);
    assert.ok(one?.fix[0]?.lines?.some(({ text }) => text.endsWith(keyOf(rsa))));
  });
  it('both have one', () =>
    assert.equal(withRecords('dane.mismatch-alg', [good, keyOf(rsa)], { observations: both }), 'pass'));
  it('nothing more is said where not even the first fits', () =>
    assert.equal(withRecords('dane.mismatch-alg', [STRANGE], { observations: both }), ''));
  it('nothing is said where there is one certificate only', () =>
    assert.equal(withRecords('dane.mismatch-alg', [good]), ''));
  it('without a name another certificate comes', () => {
    const bare = (chain: readonly Uint8Array[]): Partial<Scene> => ({
      observations: [observe({ probes: { noServerName: secured({ chain }) } })],
    });
    assert.equal(withRecords('dane.mismatch-sni', [good], bare(rsa)), 'warn');
    assert.equal(withRecords('dane.mismatch-sni', [good], bare(leaf)), 'pass');
  });
  it('a hello of our own without a name tells the same', () => {
    const bare = (chain: readonly Uint8Array[], more: Probes = {}): Partial<Scene> => ({
      observations: [observe({ probes: { ...more, hello: { weakFirst: agreed({ chain }) } } })],
    });
    assert.equal(withRecords('dane.mismatch-sni', [good], bare(rsa)), 'warn');
    assert.equal(withRecords('dane.mismatch-sni', [good], bare(leaf)), 'pass');
    // The other kind of key, of which it is told that it has no record.
    assert.equal(withRecords('dane.mismatch-sni', [good], bare(rsa, { otherKey: seen })), '');
    assert.equal(withRecords('dane.mismatch-alg', [good], bare(rsa, { otherKey: seen })), 'fail');
    assert.equal(withRecords('dane.mismatch-sni', [good, keyOf(rsa)], bare(rsa, { otherKey: seen })), 'pass');
  });
  it('nothing is said of a chain whose end was left out: what the records ask for may have been there', () => {
    const hello = { weakFirst: agreed({ chain: rsa, cut: true }) };
    assert.equal(
      withRecords('dane.mismatch-sni', [good], { observations: [observe({ probes: { hello } })] }),
      '',
    );
  });
});

describe('dane.no-starttls', () => {
  it('is critical where STARTTLS is missing or fails', () => {
    for (const base of [withoutStarttls(), handshakeFailed()]) {
      const [one] = only(found({ zone: goodZone(), observations: [observe({ base })] }), 'dane.no-starttls');
      assert.deepEqual([one?.state, one?.severity], ['fail', 'critical']);
    }
  });
  it('says nothing where STARTTLS was refused to a client that was sent away', () => {
    const answer = answerOf(454, '4.7.0 too many connections');
    const base = {
      ...handshakeFailed(),
      upgrade: { kind: 'refused', answer },
      end: { kind: 'throttled', at: 'starttls', answer },
    } as const;
    assert.equal(withRecords('dane.no-starttls', [good], { observations: [observe({ base })] }), '');
  });
  it('also where the records authenticate nobody: TLS is demanded all the same', () =>
    assert.equal(
      withRecords('dane.no-starttls', [`1 1 1 ${'44'.repeat(32)}`], {
        observations: [observe({ base: withoutStarttls() })],
      }),
      'fail',
    ));
  it('passes with TLS', () => assert.equal(withRecords('dane.no-starttls', [good]), 'pass'));
  it('is nobody’s business without records', () =>
    assert.equal(
      statesOf(
        found({ zone: plainZone, observations: [observe({ base: withoutStarttls() })] }),
        'dane.no-starttls',
      ),
      '',
    ));
});

describe('usage 2', () => {
  const presenting = (chain: readonly Uint8Array[]): Partial<Scene> => ({
    observations: [observe({ base: { tls: tlsSeen({ chain }) } })],
  });
  const rows: readonly (readonly [id: string, chain: readonly Uint8Array[]])[] = [
    ['dane.ta-not-in-chain', leaf.slice(0, 1)],
    ['dane.ta-name-mismatch', chainFor({ names: ['other.test'] })],
    ['dane.ta-expired', chainFor({ spec: { notAfter: now - aDay } })],
  ];
  for (const [id, chain] of rows) {
    it(`${id}: critical, and alone`, () => {
      const all = found({ zone: goodZone([anchor]), ...presenting(chain) });
      const [one] = only(all, id);
      assert.deepEqual([one?.state, one?.severity], ['fail', 'critical']);
      assert.equal(statesOf(all, 'dane.mismatch'), '');
      assert.ok(one?.fix.some(({ lines = [] }) => lines.some(({ text }) => text.includes('TLSA 3 1 1 '))));
    });
    it(`${id}: passes with a good chain`, () => assert.equal(withRecords(id, [anchor]), 'pass'));
    it(`${id}: not said of usage 3`, () => assert.equal(withRecords(id, [good]), ''));
  }
  it('dane.ta-expired: from the day on which the certificate ends', () => {
    assert.equal(withRecords('dane.ta-expired', [anchor], { now: now + 59 * aDay }), 'pass');
    assert.equal(withRecords('dane.ta-expired', [anchor], { now: now + 61 * aDay }), 'fail');
  });
  it('dane.ta-public-ca: an authority that everybody trusts', () => {
    assert.equal(withRecords('dane.ta-public-ca', [anchor]), 'warn');
    const own = { observations: [observe({ base: { tls: tlsSeen({ path: UNTRUSTED }) } })] };
    assert.equal(withRecords('dane.ta-public-ca', [anchor], own), 'pass');
    assert.equal(withRecords('dane.ta-public-ca', [good]), '');
  });
});

describe('what comes', () => {
  it('dane.stale-record: one may be of the next key or left over, of more there is a leftover', () => {
    const verdict = (records: readonly string[]): string =>
      only(found({ zone: goodZone(records) }), 'dane.stale-record')
        .map(({ state, severity }) => `${state} ${severity}`)
        .join();
    assert.equal(verdict([good]), 'pass low');
    assert.equal(verdict([good, STRANGE]), 'warn info');
    assert.equal(verdict([good, STRANGE, OTHER]), 'warn low');
    const [one] = only(found({ zone: goodZone([good, STRANGE]) }), 'dane.stale-record');
    assert.ok(one?.fix[0]?.do.includes(`_25._tcp.${HOST}. IN TLSA ${STRANGE}`));
  });
  it('dane.rollover-not-ready: absent where only the key in use has a record', () => {
    assert.equal(withRecords('dane.rollover-not-ready', [good]), 'absent');
    assert.equal(withRecords('dane.rollover-not-ready', [good, STRANGE]), 'pass');
    assert.equal(withRecords('dane.rollover-not-ready', [good, anchor]), 'pass');
  });
  it('dane.will-fail-at: a record of the certificate, near its end', () => {
    const record = [`3 0 1 ${whole(leaf[0] ?? issuer)}`];
    assert.equal(withRecords('dane.will-fail-at', record, { observations: mine }), 'pass');
    const later = { observations: mine, now: now + 31 * aDay };
    assert.equal(withRecords('dane.will-fail-at', record, later), 'warn');
    assert.equal(withRecords('dane.will-fail-at', [good], { now: now + 3000 * aDay }), 'pass');
  });
  it('dane.will-fail-at: under usage 2, a certificate that nobody renewed', () => {
    const record = [anchor];
    assert.equal(withRecords('dane.will-fail-at', record, { now: now + 52 * aDay }), 'pass');
    assert.equal(withRecords('dane.will-fail-at', record, { now: now + 54 * aDay }), 'warn');
  });
});

describe('hosts together', () => {
  const both = [observe(), observe({ endpoint: { ...second, serverName: MX2 } })];
  it('dane.partial-mx: one host has records and the other has none', () => {
    const [one] = only(found({ zone: twoHosts, observations: both }), 'dane.partial-mx');
    assert.deepEqual([one?.state, one?.severity], ['warn', 'high']);
    assert.ok(one?.evidence.some((line) => line.includes(MX2)));
  });
  it('dane.partial-mx: passes where all have, and is silent where none has', () => {
    const all = { ...twoHosts, [`_25._tcp.${MX2} TLSA`]: [good] };
    assert.equal(statesOf(found({ zone: all, observations: both }), 'dane.partial-mx'), 'pass');
    const none = {
      ...plainZone,
      'example.test MX': twoHosts['example.test MX'],
      [`${MX2} A`]: ['192.0.2.2'],
    };
    assert.equal(statesOf(found({ zone: none, observations: both }), 'dane.partial-mx'), '');
  });
  it('dane.dead-mx: nobody answers at the host without records', () => {
    const observations = [
      observe(),
      observe({ endpoint: { ...second, serverName: MX2 }, base: notConnected('refused') }),
    ];
    const findings = found({ zone: twoHosts, observations });
    assert.equal(statesOf(findings, 'dane.dead-mx'), 'warn');
    assert.equal(statesOf(findings, 'dane.partial-mx'), 'pass');
    assert.equal(statesOf(found({ zone: twoHosts, observations: both }), 'dane.dead-mx'), 'pass');
  });
});

describe('dane.wrong-owner-name', () => {
  const misplaced = { ...plainZone, '_25._tcp.example.test TLSA': [good] };
  it('fails where the records are at the domain, which is no mail host', () => {
    const [one] = only(found({ zone: misplaced }), 'dane.wrong-owner-name');
    assert.deepEqual([one?.state, one?.severity], ['fail', 'medium']);
    assert.ok(one?.fix[0]?.lines?.some(({ text }) => text.startsWith(`_25._tcp.${HOST}. `)));
  });
  it('is left over beside the right ones', () => {
    const [one] = only(found({ zone: { ...goodZone(), ...misplaced } }), 'dane.wrong-owner-name');
    assert.deepEqual([one?.state, one?.severity], ['warn', 'info']);
  });
  it('passes where there are none', () => assert.equal(withRecords('dane.wrong-owner-name', [good]), 'pass'));
  it('is right where the domain is its own host', () => {
    const zone = { 'example.test A': ['192.0.2.1'], '_25._tcp.example.test TLSA': [good] };
    const observations = [observe({ endpoint: { serverName: 'example.test' } })];
    const all = found({ zone, observations });
    assert.equal(statesOf(all, 'dane.wrong-owner-name'), '');
    assert.equal(statesOf(all, 'dane.mismatch'), 'pass');
  });
});

describe('dane.cname', () => {
  const target = dnsName(nameOf('_dane.example.test'));
  const behind =
    (status: Answer['status']) =>
    (answer: Answer): Answer =>
      answer.question.type === types.TLSA
        ? {
            ...answer,
            status,
            owner: target,
            aliases: [{ from: answer.question.name, to: target, by: 'CNAME', status: 'secure' }],
          }
        : answer;
  it('passes where the alias is proven to its end', () =>
    assert.equal(withRecords('dane.cname', [good], { change: behind('secure') }), 'pass'));
  it('warns where it leads out of what is signed', () =>
    assert.equal(withRecords('dane.cname', [good], { change: behind('insecure') }), 'warn'));
  it('is not spoken of where there is none', () => assert.equal(withRecords('dane.cname', [good]), ''));
  it('RFC 2181 §10.1: a record goes in its place, as none can stand beside it', () => {
    const [none] = only(found({ zone: goodZone([good]), change: behind('insecure') }), 'dane.none');
    assert.match(none?.fix.at(-1)?.do ?? '', /^In place of the alias at _25\._tcp\./);
  });
});

describe('in general', () => {
  it('a well-run domain has nothing above info', () => {
    const problems = found({ zone: goodZone() }).filter(
      ({ state, severity }) => state !== 'pass' && severity !== 'info',
    );
    assert.deepEqual(problems, []);
  });
  it('an address has no TLSA records', () => {
    const target = {
      kind: 'address',
      address: ADDRESS,
      port: 25,
      protocol: 'smtp',
      tls: 'starttls',
    } as const;
    assert.deepEqual(
      found({ zone: {}, target, observations: [observe({ endpoint: endpointOf({ serverName: null }) })] }),
      [],
    );
  });
  it('evidence is there, and bounded', () => {
    const many = Array.from({ length: 60 }, (_, index) => `3 1 1 ${String(index).padStart(64, '0')}`);
    for (const records of [many, [good, ...many], many.map((one) => one.replace('3 1 1', '1 1 1'))]) {
      for (const { evidence, id } of found({ zone: goodZone(records) }))
        assert.ok(evidence.length > 0 && evidence.length <= 12, id);
    }
  });
});
