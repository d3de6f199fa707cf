import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { MOST_TARGETS, openmetricsFormat } from '../../../../../src/cli/check/formats/openmetrics.ts';
import { printable } from '../../../../../src/cli/check/formats/told.ts';
import type { CheckReport } from '../../../../../src/events/check-report.ts';
import { report, reported, samples } from '../samples.ts';
import { demanded, everyKind, requirement } from './demanded.ts';
import { hostileReport, terms, written } from './hostile.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\["\\\\n])*)"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)$`);

/** OpenMetrics 1.0, as strictly as gauges need it: no empty lines, no comments, families in one piece, and an end. */
function read(text: string): readonly Sample[] {
  assert.ok(text.endsWith('\n# EOF\n'));
  assert.ok(text.isWellFormed());
  const seen = new Set<string>();
  const all: Sample[] = [];
  let family = '';
  let last = '';
  for (const line of text.slice(0, -'\n# EOF\n'.length).split('\n')) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE|UNIT) (\S+) (.+)$/.exec(line) ?? [];
    if (word === 'HELP') {
      assert.ok(!seen.has(name), `${name} is in two pieces`);
      seen.add(name);
      family = name;
    } else if (word !== undefined) {
      assert.equal(name, family);
      if (word === 'TYPE') assert.equal(rest, 'gauge');
      else assert.ok(name.endsWith(`_${rest}`), line);
    } else {
      const [, sample = '', labels = '', ...others] = SAMPLE.exec(line) ?? assert.fail(`no sample: ${line}`);
      assert.equal(sample, family);
      assert.ok(!seen.has(`${sample}{${labels}}`), line);
      seen.add(`${sample}{${labels}}`);
      all.push({ name: sample, labels: labelsOf(labels), value: Number(others.at(-1)) });
    }
    last = word ?? 'sample';
  }
  assert.equal(last, 'sample');
  return all;
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(new RegExp(LABEL, 'g'))].map(([, name = '', value = '']) => {
    const plain = value.replace(/\\(["\\n])/g, (_whole, sign: string) => (sign === 'n' ? '\n' : sign));
    return [name, plain] as const;
  });
  assert.equal(new Set(pairs.map(([name]) => name)).size, pairs.length);
  return Object.fromEntries(pairs);
}

function samplesOf(...reports: readonly CheckReport[]): (name: string) => readonly Sample[] {
  const all = read(written(openmetricsFormat(terms), reports));
  return (name) => all.filter((one) => one.name === name);
}

const valueOf = (one: CheckReport, name: string): number | undefined => samplesOf(one)(name)[0]?.value;

describe('figures', () => {
  it('say of each target what becomes of its mail, and of each door what is there', () => {
    const of = samplesOf(samples.clear);
    assert.deepEqual(of('starttls_verdict'), [
      { name: 'starttls_verdict', labels: { target: 'example.test', verdict: 'cleartext' }, value: 1 },
    ]);
    assert.deepEqual(
      of('starttls_mx_offered').map(({ labels, value }) => [
        labels['mx'],
        labels['ip'],
        labels['port'],
        value,
      ]),
      [
        ['mx1.example.test', '192.0.2.1', '25', 0],
        ['mx1.example.test', '2001:db8::1', '25', 0],
      ],
    );
    assert.equal(of('starttls_outcome').length, 7);
    assert.deepEqual(
      of('starttls_findings').map(({ labels, value }) => [labels['id'], labels['severity'], value]),
      [['starttls.not-offered', 'critical', 2]],
    );
    const good = samplesOf(samples.good);
    assert.equal(good('probe_ssl_earliest_cert_expiry')[0]?.value, Date.parse('2027-01-31T12:00:00Z') / 1000);
    assert.equal(good('starttls_tls_group_info')[0]?.labels['group'], 'X25519MLKEM768');
    assert.equal(
      good('starttls_check_timestamp_seconds')[0]?.value,
      Date.parse('2026-11-28T18:00:00Z') / 1000,
    );
  });

  it('a probe is a success where the exit code would be 0, and that of TLS where all could be tested', () => {
    const of = (state: 'pass' | 'fail' | 'not-tested', severity: 'high' | 'medium'): readonly unknown[] => {
      const one = report({ findings: [reported({ state, severity })] });
      return [valueOf(one, 'probe_success'), valueOf(one, 'starttls_probe_success')];
    };
    assert.deepEqual(of('pass', 'high'), [1, 1]);
    assert.deepEqual(of('fail', 'high'), [0, 1]);
    assert.deepEqual(of('fail', 'medium'), [1, 1]);
    assert.deepEqual(of('not-tested', 'high'), [0, 0]);
    assert.deepEqual(of('not-tested', 'medium'), [1, 1]);
  });

  it('with a profile goes by what that demands', () => {
    const { profile } = demanded([requirement()]);
    const unnamed = { ...everyKind, profile };
    assert.deepEqual([valueOf(everyKind, 'probe_success'), valueOf(unnamed, 'probe_success')], [0, 1]);
    const found = samplesOf(everyKind)('starttls_findings').map(({ labels }) => labels['id']);
    assert.ok(found.includes('profile.mine.keys'));
  });

  it('what is not known has no figure, and is never 0', () => {
    const found = (
      id: string,
      state: 'pass' | 'fail' | 'absent' | 'not-tested',
    ): ReturnType<typeof reported> => reported({ id, state });
    const certificate = ['cert.untrusted', 'cert.name-mismatch', 'cert.expired', 'cert.not-yet-valid'];
    const fine = certificate.map((id) => found(id, 'pass'));
    const of = (findings: CheckReport['findings'], name: string): unknown =>
      valueOf(report({ findings }), name);
    assert.equal(of(fine, 'starttls_cert_verified'), 1);
    assert.equal(of(fine.with(1, found('cert.name-mismatch', 'fail')), 'starttls_cert_verified'), 0);
    assert.equal(
      of(fine.with(1, found('cert.name-mismatch', 'not-tested')), 'starttls_cert_verified'),
      undefined,
    );
    assert.equal(of([], 'starttls_cert_verified'), undefined);
    for (const [id, name] of [
      ['dane.mismatch', 'dane_valid'],
      ['tlsrpt.none', 'tlsrpt_present'],
      ['mtasts.none', 'mtasts_policy_ok'],
    ] as const) {
      assert.equal(of([found(id, 'pass')], name), 1);
      assert.equal(of([found(id, 'absent')], name), 0);
      assert.equal(of([found(id, 'not-tested')], name), undefined);
      assert.equal(of([], name), undefined);
    }
    assert.equal(
      of([found('mtasts.none', 'pass'), found('mtasts.mx-uncovered', 'fail')], 'mtasts_policy_ok'),
      0,
    );
    assert.equal(of([found('dane.ta-expired', 'fail')], 'dane_valid'), 0);
  });

  it('the mode of a policy, as far as checks tell it', () => {
    const mode = (none: 'pass' | 'warn', testing: 'pass' | 'warn'): unknown => {
      const findings = [
        reported({ id: 'mtasts.mode-none', state: none }),
        reported({ id: 'mtasts.mode-testing', state: testing }),
      ];
      return samplesOf(report({ findings }))('mtasts_mode')[0]?.labels['mode'];
    };
    assert.deepEqual(
      [mode('pass', 'pass'), mode('pass', 'warn'), mode('warn', 'pass')],
      ['enforce', 'testing', 'none'],
    );
    assert.deepEqual(samplesOf(samples.good)('mtasts_mode'), []);
  });

  it('a target that is named twice has its last result, and the sums have both', () => {
    const of = samplesOf(samples.clear, samples.good);
    assert.deepEqual(
      of('starttls_verdict').map(({ labels }) => labels['verdict']),
      ['protected'],
    );
    assert.equal(of('starttls_results')[0]?.value, 2);
    assert.equal(of('starttls_results_with_problems')[0]?.value, 1);
    assert.equal(of('starttls_results_by_verdict').length, 2);
  });

  it('of too many targets are counted only, which is said', () => {
    const many = Array.from({ length: MOST_TARGETS + 2 }, (_one, index) =>
      report({ target: `d${index}.test` }),
    );
    const of = samplesOf(...many, samples.clear);
    assert.equal(of('starttls_verdict').length, MOST_TARGETS);
    assert.equal(of('starttls_results_left_out')[0]?.value, 3);
    assert.equal(of('starttls_results')[0]?.value, MOST_TARGETS + 3);
    assert.equal(of('starttls_results_with_problems')[0]?.value, 1);
  });

  it('without any result are those of the run', () => {
    assert.deepEqual(samplesOf()('starttls_exit_code'), [
      { name: 'starttls_exit_code', labels: {}, value: 1 },
    ]);
  });

  it('are labelled with what was said, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(hostileReport, { maxLength: 3 }), (reports: readonly CheckReport[]) => {
        const of = samplesOf(...reports);
        const targets = new Set(reports.map(({ target }) => target));
        const shown = [...targets].map(printable);
        assert.deepEqual(new Set(of('probe_success').map(({ labels }) => labels['target'])), new Set(shown));
      }),
    );
  });
});
