/** Whether the owner of a domain hears of failed TLS: each id where it is, and where it is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Finding, isProblem } from '../../../../src/findings/finding.ts';
import { tlsrptFindings } from '../../../../src/findings/rules/tlsrpt.ts';
import { nameOf } from '../../../support/destinations.ts';
import { only, statesOf } from '../../../support/observations.ts';
import { plainZone, type Scene, stage } from '../../../support/scenes.ts';
import type { ScriptedZone } from '../../../support/scripted-zone.ts';

const AT = '_smtp._tls.example.test TXT';

function found(scene: Scene): readonly Finding[] {
  const { theCase, run } = stage({ observations: [], ...scene });
  return run(tlsrptFindings(theCase));
}

const zoneWith = (...records: readonly string[]): ScriptedZone => ({
  ...plainZone,
  'reports.test MX': ['10 mx.reports.test.'],
  'web.test A': ['192.0.2.9'],
  'nomail.test MX': ['0 .'],
  'bare.test TXT': ['x'],
  ...(records.length === 0 ? {} : { [AT]: records.map((one) => `"${one}"`) }),
});

const good = zoneWith('v=TLSRPTv1; rua=mailto:tls@reports.test');
const states = (zone: ScriptedZone, id: string): string => statesOf(found({ zone }), id);

describe('each id where it is, and where it is not', () => {
  it('a good record has nothing but passes', () => {
    assert.deepEqual(
      found({ zone: good }).filter(({ state }) => state !== 'pass'),
      [],
    );
  });

  const cases: readonly (readonly [id: string, records: readonly string[], states: string])[] = [
    ['tlsrpt.none', [], 'absent'],
    ['tlsrpt.none', ['something else'], 'absent'],
    [
      'tlsrpt.multiple',
      ['v=TLSRPTv1; rua=mailto:a@reports.test', 'v=TLSRPTv1; rua=mailto:b@reports.test'],
      'fail',
    ],
    ['tlsrpt.syntax', ['v=TLSRPTv1; rua=mailto:a@reports.test; x'], 'fail'],
    ['tlsrpt.syntax', ['v=tlsrptv1; rua=mailto:a@reports.test'], 'fail'],
    ['tlsrpt.rua-missing', ['v=TLSRPTv1; x=1'], 'fail'],
    ['tlsrpt.rua-missing', ['v=TLSRPTv1; rua=a@reports.test'], 'fail'],
    ['tlsrpt.rua-scheme', ['v=TLSRPTv1; rua=http://reports.test'], 'fail'],
    ['tlsrpt.rua-scheme', ['v=TLSRPTv1; rua=http://reports.test,mailto:a@reports.test'], 'warn'],
    [
      'tlsrpt.rua-too-many',
      ['v=TLSRPTv1; rua=mailto:a@reports.test,mailto:b@reports.test,mailto:c@reports.test'],
      'warn',
    ],
    ['tlsrpt.rua-mail-undeliverable', ['v=TLSRPTv1; rua=mailto:a@nomail.test'], 'fail'],
    ['tlsrpt.rua-mail-undeliverable', ['v=TLSRPTv1; rua=mailto:a@bare.test'], 'fail'],
    ['tlsrpt.rua-mail-undeliverable', ['v=TLSRPTv1; rua=mailto:a@gone.test,mailto:a@web.test'], 'fail, pass'],
    ['tlsrpt.same-domain-only', ['v=TLSRPTv1; rua=mailto:a@example.test'], 'warn'],
    ['tlsrpt.same-domain-only', ['v=TLSRPTv1; rua=mailto:a@example.test,https://example.test/r'], 'pass'],
  ];
  for (const [id, records, expected] of cases) {
    it(`${id}: ${records.join(' | ')}`, () => {
      assert.equal(states(zoneWith(...records), id), expected);
      assert.equal(states(good, id), 'pass', 'and it passes where the record is good');
    });
  }

  it('the record to paste keeps the addresses that are there', () => {
    const line = (...records: readonly string[]): string | undefined =>
      only(found({ zone: zoneWith(...records) }), 'tlsrpt.syntax')[0]?.fix[0]?.lines?.[0]?.text;
    const at = (addresses: string): string =>
      `_smtp._tls.example.test. IN TXT "v=TLSRPTv1; rua=${addresses}"`;
    assert.equal(line('v=TLSRPTv1 rua=mailto:a@reports.test'), at('mailto:a@reports.test'));
    assert.equal(
      line('v=tlsrptv1; rua=mailto:a@reports.test,https://reports.test/tls'),
      at('mailto:a@reports.test,https://reports.test/tls'),
    );
    assert.equal(line('v=tlsrptv1; rua=a@reports.test'), at('mailto:tls-reports@example.test'));
  });

  it('a record at another place is found where there is none at the right one', () => {
    for (const place of ['example.test', '_tls.example.test', '_smtp-tlsrpt.example.test']) {
      const zone = { ...zoneWith(), [`${place} TXT`]: ['"v=TLSRPTv1; rua=mailto:tls@reports.test"'] };
      assert.equal(states(zone, 'tlsrpt.wrong-place'), 'warn', place);
      assert.equal(states(zone, 'tlsrpt.none'), 'absent', place);
    }
    assert.equal(states(zoneWith(), 'tlsrpt.wrong-place'), '');
  });
});

it('of several records one is made, with the addresses of all', () => {
  const zone = zoneWith(
    'v=TLSRPTv1; rua=mailto:a@reports.test,https://x.test',
    'v=TLSRPTv1; rua=mailto:a@reports.test',
  );
  assert.deepEqual(only(found({ zone }), 'tlsrpt.multiple')[0]?.fix[0]?.lines, [
    {
      for: 'dns',
      text: '_smtp._tls.example.test. IN TXT "v=TLSRPTv1; rua=mailto:a@reports.test,https://x.test"',
    },
  ]);
});

it('what is missing is told with the record to paste', () => {
  const [none] = only(found({ zone: zoneWith() }), 'tlsrpt.none');
  assert.deepEqual(none?.fix[0]?.lines, [
    { for: 'dns', text: '_smtp._tls.example.test. IN TXT "v=TLSRPTv1; rua=mailto:tls-reports@example.test"' },
  ]);
  assert.equal(none?.severity, 'low');
});

it('RFC 8460 §3: where the strings of a record are several, they are put together', () => {
  const zone = { ...zoneWith(), [AT]: ['"v=TLSRPTv1; rua=mailto:" "tls@reports.test"'] };
  assert.deepEqual(found({ zone }).filter(isProblem), []);
});

it('what nobody answered is not tested, and a mailbox of which nothing is known is not judged', () => {
  const [unknown, ...others] = found({ zone: { ...plainZone, [AT]: 'unknown' } });
  assert.equal(`${unknown?.id} ${unknown?.state}`, 'tlsrpt.none not-tested');
  assert.deepEqual(others, []);
  const zone = { ...good, 'reports.test MX': 'unknown' } as const;
  assert.equal(states(zone, 'tlsrpt.rua-mail-undeliverable'), '');
});

it('domains that take no mail, and servers, need none', () => {
  assert.deepEqual(found({ zone: { 'example.test MX': ['0 .'] } }), []);
  assert.deepEqual(found({ zone: {} }), []);
  assert.deepEqual(found({ zone: { 'example.test TXT': ['x'] } }), [], 'neither MX nor address');
  const target = {
    kind: 'host',
    host: nameOf('mx1.example.test'),
    port: 25,
    protocol: 'smtp',
    tls: 'starttls',
  } as const;
  assert.deepEqual(found({ zone: plainZone, target }), []);
});
