import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { nagiosFormat } from '../../../../../src/cli/check/formats/nagios.ts';
import { nagiosFailure } from '../../../../../src/cli/check/formats/nagios-text.ts';
import type { CheckReport } from '../../../../../src/events/check-report.ts';
import { endpoint, host, report, reported, samples } from '../samples.ts';
import { everyKind } from './demanded.ts';
import { hostileReport, hostileText, terms } from './hostile.ts';

interface Status {
  readonly state: string;
  readonly text: string;
  readonly figures: Readonly<Record<string, readonly string[]>>;
  readonly lines: readonly string[];
}

/** A number as figures have it; a range is `[@]start:end`, of which either side may be left out. */
const NUMBER = String.raw`-?\d+(?:\.\d+)?`;
const RANGE = `@?(?:~|${NUMBER})?:?(?:${NUMBER})?`;
const FIGURE = new RegExp(
  `^(?:'(?:[^'=]|'')+'|[^ '=]+)=(?:(${NUMBER})(s|us|ms|%|B|KB|MB|TB|c)?|U)(?:;(${RANGE}))?(?:;(${RANGE}))?(?:;(${NUMBER})?)?(?:;(${NUMBER})?)?$`,
);

/** The output of a plugin, by the guidelines of the Monitoring Plugins: §2.1, §2.5, §2.6. */
function read(text: string): Status {
  assert.ok(text.endsWith('\n'));
  const [first = '', ...lines] = text.slice(0, -1).split('\n');
  assert.equal(first.split('|').length, 2, first);
  const [said = '', figures = ''] = first.split('|');
  const [, state = '', rest = ''] =
    /^WAXWING (OK|WARNING|CRITICAL|UNKNOWN) - (.*) $/.exec(said) ?? assert.fail(first);
  // Else it is taken for further figures.
  for (const line of lines) assert.ok(!line.includes('|'), line);
  const each = figures
    .trim()
    .split(' ')
    .map((figure) => {
      assert.match(figure, FIGURE);
      const [label = '', values = ''] = figure.split('=');
      return [label, values.split(';')] as const;
    });
  return { state, text: rest, figures: Object.fromEntries(each), lines };
}

function statusOf(
  reports: readonly CheckReport[],
  { exitCode = 0, details = false, complaints = [] as readonly string[] } = {},
): Status {
  const format = nagiosFormat({ ...terms, details });
  for (const one of reports) assert.equal(format.add(one, null), '');
  return read(format.end({ exitCode, meaning: '', complaints }));
}

describe('the line of a plugin', () => {
  it('begins with the state of the exit code', () => {
    const words = [0, 1, 2, 3].map((exitCode) => statusOf([samples.good], { exitCode }).state);
    assert.deepEqual(words, ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN']);
  });

  it('of one target says what becomes of mail, and the checks behind it', () => {
    const { text, lines } = statusOf([samples.mismatch], { exitCode: 2 });
    assert.equal(
      text,
      'example.test: mail is lost: senders that look at DANE cannot deliver, to fix: starttls.not-offered, dane.mismatch',
    );
    assert.deepEqual(lines, []);
    const open = report({ findings: [reported({ state: 'not-tested' })] });
    assert.match(statusOf([open], { exitCode: 3 }).text, /, not tested: starttls\.not-offered$/);
  });

  it('with a profile names what it demands, and nothing that does not count', () => {
    assert.match(
      statusOf([everyKind], { exitCode: 1 }).text,
      /, to fix: profile\.mine\.keys, not tested: profile\.mine\.keys$/,
    );
  });

  it('of several counts them, and names the first of each kind that is not fine', () => {
    const named = (count: number, one: CheckReport): readonly CheckReport[] =>
      Array.from({ length: count }, (_one, index) => ({ ...one, target: `${one.findings[0]?.id}-${index}` }));
    const warned = report({ findings: [reported({ severity: 'high', id: 'warned' })] });
    const open = report({ findings: [reported({ state: 'not-tested', id: 'open' })] });
    const { text, figures } = statusOf([
      ...named(7, report({ findings: [reported({ id: 'bad' })] })),
      ...named(1, warned),
      ...named(2, open),
      samples.good,
    ]);
    assert.equal(
      text,
      '11 targets: 7 critical (bad-0, bad-1, bad-2, bad-3, bad-4 and others), 1 with warnings (warned-0), 2 not tested (open-0, open-1), 1 fine',
    );
    assert.deepEqual(
      ['targets', 'critical', 'high', 'not_tested'].map((label) => figures[label]?.[0]),
      ['11', '7', '1', '2'],
    );
  });

  it('figures have the days of the certificate that ends first, and from when on that is late', () => {
    const certificate = endpoint().tls?.certificate ?? assert.fail();
    const ending = (notAfter: string): ReturnType<typeof endpoint> =>
      endpoint({
        tls: { version: 'TLSv1.3', cipher: 'x', group: null, certificate: { ...certificate, notAfter } },
      });
    const hosts = [
      host({ endpoints: [ending('2027-01-31T12:00:00.000Z'), ending('2026-12-08T18:00:00.000Z')] }),
    ];
    const { figures } = statusOf([report({ hosts, startedAt: '2026-11-28T18:00:00.500Z' }), samples.good]);
    // 68.8 days of life, of which a tenth; and it is over at 0.
    assert.deepEqual(figures['days'], ['10.0', '6.9:', '0:']);
    assert.deepEqual(figures['time'], ['1.312s', '', '', '0']);
    assert.deepEqual(statusOf([samples.nullMx]).figures['days'], ['U']);
  });

  it('with details has a line for each finding that is not fine, a hundred at most', () => {
    const { lines } = statusOf([samples.mismatch], { details: true });
    assert.equal(lines.length, 2);
    assert.match(
      lines[1] ?? '',
      /^example\.test: dane\.mismatch at mx1\.example\.test 192\.0\.2\.1 port 25: critical, failed: /,
    );
    const many = report({ findings: Array.from({ length: 103 }, () => reported()) });
    const told = statusOf([many], { details: true }).lines;
    assert.deepEqual([told.length, told.at(-1)], [101, 'and 3 more']);
  });

  it('what could not be read comes first', () => {
    const { text } = statusOf([], { exitCode: 3, complaints: ['stdin: there is no target in it'] });
    assert.equal(text, 'stdin: there is no target in it, 0 targets');
  });

  it('is a line that no shell and no page heeds, whatever servers say', () => {
    fc.assert(
      fc.property(fc.array(hostileReport, { maxLength: 3 }), fc.array(hostileText), (reports, complaints) => {
        const { text, lines } = statusOf(reports, { details: true, complaints });
        for (const line of [text, ...lines]) assert.match(line, /^[A-Za-z0-9 .,:/_@%+=#()[\]-]{0,600}$/);
      }),
    );
  });

  it('of a plugin that cannot do its work is UNKNOWN', () => {
    assert.equal(nagiosFailure("unknown option '--x' | y\n"), 'WAXWING UNKNOWN - unknown option --x y\n');
    fc.assert(
      fc.property(hostileText, (text) => assert.match(nagiosFailure(text), /^WAXWING UNKNOWN - [^|\n]*\n$/)),
    );
  });
});
