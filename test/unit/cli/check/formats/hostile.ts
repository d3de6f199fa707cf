/** Reports in which every text is somebody else's, and means ill. */
import * as fc from 'fast-check';
import { withoutOptions } from '../../../../../src/cli/check/again.ts';
import { demandsOf } from '../../../../../src/cli/check/formats/demands.ts';
import type { FormatTerms, ReportFormat } from '../../../../../src/cli/check/formats/format.ts';
import type { ListPlace } from '../../../../../src/cli/check/targets.ts';
import type { CheckReport } from '../../../../../src/events/check-report.ts';
import { findingStates, severities } from '../../../../../src/findings/check.ts';
import { endpoint, host, outcomesOf, report, reported } from '../samples.ts';
import { profileWith, type Requirement, requirement } from './demanded.ts';

type Finding = CheckReport['findings'][number];

/** What breaks one form or another, or does something in it. */
const nasty = [
  '=HYPERLINK("http://evil.test","x")',
  '+1',
  '-2+3',
  '@SUM(A1)',
  "'=1",
  'a;=cmd|x!A1',
  '"',
  '""',
  'a,b\r\nc',
  ']]>',
  '</system-out></testsuites>',
  '<!-- --> <![CDATA[ ]]>',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '" onmouseover="alert(1)',
  "' onmouseover='alert(1)",
  '&lt;&#0;&amp;',
  '\u0000\u0001\u001b[31m\u0007',
  '\u202egnp.exe',
  '\ud800',
  '\udfff\ud800',
  '\ufffe\uffff',
  '\u2028\u2029\u0085',
  'x\n# EOF\nprobe_success 1',
  'a"} 1\nb{c="',
  '\\',
  '\\"',
  '\\n',
  'ok | days=1000;;; $(id) `id` ; rm -rf ~ && "\' <b>',
  '[x](javascript:alert(1))',
  '![x](http://evil.test/a.png)',
  '@octocat and #1 and GH-2 and org/repo#3',
  'https://evil.test/ www.evil.test mail@evil.test',
  '`` ` ```',
  '```\n# x',
  '```',
  '````text',
  '| a | b |',
  '\\|',
  '``|`',
  '* x\n- y\n1. z',
  ':smile: ~~x~~ __y__ $z$',
  '{0} {{1}}',
  '',
  ' ',
  '  two  spaces  ',
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...nasty),
  fc.array(fc.constantFrom(...nasty), { minLength: 2, maxLength: 3 }).map((parts) => parts.join(' ')),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ maxLength: 20 }),
);

const hostileFinding: fc.Arbitrary<Finding> = fc
  .record({
    id: fc.oneof(fc.constantFrom('dane.mismatch', 'cert.expired', 'tlsrpt.none'), hostileText),
    state: fc.constantFrom(...findingStates),
    severity: fc.constantFrom(...severities),
    scope: fc.record(
      {
        domain: hostileText,
        host: hostileText,
        address: hostileText,
        port: fc.integer({ min: 1, max: 65_535 }),
      },
      { requiredKeys: [] },
    ),
    evidence: fc.array(hostileText, { maxLength: 3 }),
    why: hostileText,
    reference: hostileText,
    title: hostileText,
    retryAt: fc.constantFrom(null, '2026-11-28T18:15:00.000Z'),
    order: hostileText,
    line: hostileText,
    verify: fc.option(hostileText),
  })
  .map(({ order, line, verify, ...all }) =>
    reported({
      ...all,
      fix: [{ who: 'dns-owner', do: order, lines: [{ for: line, text: line }], verify }],
    }),
  );

const requirementStates = fc.constantFrom('met', 'not-met', 'not-tested', 'not-applicable');

function profileOf(
  { state, ahead, said }: Pick<Requirement, 'state' | 'ahead'> & { readonly said: string },
  name: string,
): CheckReport['profile'] {
  const one = requirement({
    state,
    ahead,
    title: said,
    clause: said,
    places: [{ scope: { host: name }, state, level: null, evidence: [said] }],
  });
  const web = { ...one, id: 'web', outside: true };
  return profileWith([one, web], said);
}

export const hostileReport: fc.Arbitrary<CheckReport> = fc
  .record({
    target: hostileText,
    text: hostileText,
    because: hostileText,
    tls: hostileText,
    name: hostileText,
    findings: fc.array(hostileFinding, { maxLength: 4 }),
    later: fc.option(fc.array(hostileFinding, { maxLength: 2 })),
    demand: fc.option(
      fc.record({ state: requirementStates, ahead: fc.option(requirementStates), said: hostileText }),
    ),
  })
  .map(({ target, text, because, tls, name, findings, later, demand }) =>
    report(
      {
        target,
        ...(demand === null ? {} : { profile: profileOf(demand, name) }),
        verdict: { kind: 'encrypted', text },
        findings,
        outcomes: outcomesOf('deferred'),
        hosts: [
          host({
            name,
            endpoints: [
              endpoint({
                address: tls,
                program: text,
                suites: {
                  connections: 3,
                  versions: [
                    {
                      version: 'TLSv1.2',
                      suites: [{ code: '0xC02F', name: tls, against: ['cbc'] }],
                      ownOrder: null,
                      unfinished: because,
                    },
                  ],
                },
                tls: {
                  version: tls,
                  cipher: text,
                  group: name,
                  certificate: {
                    sha256: tls,
                    spkiSha256: tls,
                    subject: name,
                    issuer: name,
                    names: [name, text],
                    notBefore: '2026-10-01T00:00:00.000Z',
                    notAfter: '2027-01-31T12:00:00.000Z',
                  },
                },
              }),
            ],
            skipped: [{ address: name, port: 25, because, retryAt: null }],
          }),
        ],
        withoutConsent: [{ host: name, because }],
        future:
          later === null
            ? null
            : {
                until: '2027-03-01T00:00:00.000Z',
                events: [
                  {
                    id: 'cert.expired',
                    at: '2027-01-31T12:00:00.000Z',
                    what: because,
                    breaks: ['mta-sts', text],
                    evidence: [because, text],
                    fix: [],
                  },
                ],
                findings: later,
              },
      },
      () => because,
    ),
  );

export const terms: FormatTerms = {
  failOn: 'high',
  details: false,
  called: withoutOptions,
  isPart: false,
  version: '1.2.3',
};

/** All that forms for machines tell of a report, in their order. */
export function findingsOf(one: CheckReport): readonly Finding[] {
  const demands = demandsOf(one).map(({ finding }) => finding);
  return [...one.findings, ...(one.future?.findings ?? []), ...demands];
}

/** The whole document. */
export function written(
  format: ReportFormat,
  reports: readonly CheckReport[],
  complaints: readonly string[] = [],
  place: ListPlace | null = null,
): string {
  const pieces = reports.map((one) => format.add(one, place));
  return `${format.begin}${pieces.join('')}${format.end({ exitCode: 1, meaning: 'something is wrong', complaints })}`;
}
