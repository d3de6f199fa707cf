import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { csvColumns, csvFormat } from '../../../../../src/cli/check/formats/csv.ts';
import { printable as shown } from '../../../../../src/cli/check/formats/told.ts';
import type { CheckReport } from '../../../../../src/events/check-report.ts';
import { report, reported, samples } from '../samples.ts';
import { demanded, everyKind, requirement } from './demanded.ts';
import { findingsOf, hostileReport, hostileText, written } from './hostile.ts';

type Row = Readonly<Record<string, string>>;

/** RFC 4180 §2, to the letter: lines end in CR LF, and a quote is in quoted cells only, twice. */
function cellsOf(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  let row: string[] = [];
  while (cell.lastIndex < text.length) {
    const from = cell.lastIndex;
    const [, quoted, plain = '', end] =
      cell.exec(text) ?? assert.fail(`no cell: ${text.slice(from, from + 80)}`);
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  assert.deepEqual(row, []);
  return rows;
}

function rowsOf(text: string): readonly Row[] {
  const [head = [], ...rows] = cellsOf(text);
  assert.deepEqual(head, csvColumns);
  return rows.map((cells) => {
    assert.equal(cells.length, head.length);
    return Object.fromEntries(head.map((name, index) => [name, unguarded(cells[index] ?? '')]));
  });
}

/** Without the apostrophes that keep cells from being formulas. */
function unguarded(text: string): string {
  return text.replace(/(^|[;,\t\n])'(?=["\s]*['=+\-@\uff1d\uff0b\uff0d\uff20])/g, '$1');
}

describe('a table', () => {
  it('has a row for each finding, and one for a target without any', () => {
    const rows = rowsOf(
      written(csvFormat({ details: true }), [samples.clear, report({ target: 'quiet.test' })]),
    );
    assert.deepEqual(
      rows.map(({ target, id, address, outcome_mta_sts: outcome }) => [target, id, address, outcome]),
      [
        ['example.test', 'starttls.not-offered', '192.0.2.1', 'cleartext'],
        ['example.test', 'starttls.not-offered', '2001:db8::1', 'cleartext'],
        ['quiet.test', '', '', 'encrypted'],
      ],
    );
    assert.equal(rows[0]?.['evidence'], 'S: 250-mx1.example.test\nS: 250 SIZE 10240000');
    assert.match(rows[0]?.['fix'] ?? '', /^Give the server[^\n]*\npostfix: smtpd_tls_security_level = may\n/);
  });

  it('tells of what is wrong on the day of --fail-at, and of what ends until then', () => {
    const rows = rowsOf(written(csvFormat({ details: true }), [samples.future])).filter(
      ({ on }) => on !== '',
    );
    assert.deepEqual(
      rows.map(({ id, state, on }) => [id, state, on]),
      [
        ['cert.expired', 'fail', '2027-03-01T00:00:00.000Z'],
        ['cert.expired', 'ends', '2027-01-31T12:00:00.000Z'],
      ],
    );
  });

  it('has rows for what is in order with --details only, which say nothing of what would come of a failure', () => {
    const passes = reported({ id: 'cert.expired', state: 'pass', fix: [] });
    const one = demanded([requirement()], { findings: [reported(), passes] });
    const of = (details: boolean): readonly Row[] => rowsOf(written(csvFormat({ details }), [one]));
    assert.deepEqual(
      of(false).map(({ id }) => id),
      ['starttls.not-offered'],
    );
    assert.deepEqual(
      of(true).map(({ id, state, why }) => [id, state, why]),
      [
        ['starttls.not-offered', 'fail', reported().why],
        ['cert.expired', 'pass', ''],
        ['profile.mine.starttls', 'pass', ''],
      ],
    );
    const clean = demanded([requirement()], { findings: [passes] });
    const [row, ...others] = rowsOf(written(csvFormat({ details: false }), [clean]));
    assert.deepEqual(
      [row?.['target'], row?.['id'], row?.['state'], others.length],
      ['example.test', '', '', 0],
    );
  });

  it('has a row for what a profile demands, at each place', () => {
    const rows = rowsOf(written(csvFormat({ details: true }), [everyKind]));
    assert.deepEqual(
      rows.map(({ id, state, severity, address, reference }) => [id, state, severity, address, reference]),
      [
        ['cert.expired', 'fail', 'critical', '192.0.2.1', 'RFC 3207 §4'],
        ['profile.mine.keys', 'fail', 'high', '192.0.2.1', 'Mail policy 4.2'],
        ['profile.mine.keys', 'not-tested', 'high', '192.0.2.2', 'Mail policy 4.2'],
        ['profile.mine.suites', 'not-tested', 'medium', '192.0.2.1', 'RFC 8461 §5'],
        ['profile.mine.starttls', 'pass', 'critical', '', 'RFC 8461 §5'],
      ],
    );
  });

  it('no cell is a formula, wherever a spreadsheet lets cells begin', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const table = written(csvFormat({ details: true }), [
          report({ findings: [reported({ evidence: [text, text], why: text })] }),
        ]);
        for (const cell of cellsOf(table).flat())
          for (const part of cell.split(/[;,\t\n]/)) assert.doesNotMatch(part, /^["\s]*[=+\-@]/);
      }),
    );
  });

  it('no cell of a table that is parted at semicolons is one either, whatever quotation marks and spaces stand before it', () => {
    for (const text of [`;"=cmd|'/c calc'!A0;y`, '; =1+1', ';""@SUM(1)', '"=1', ' +1', ';\u00a0=1']) {
      const table = written(csvFormat({ details: true }), [
        report({ findings: [reported({ evidence: [text], why: text })] }),
      ]);
      // As a program reads it that takes the semicolon for the mark between cells, and the quotation marks for its own.
      for (const cell of table.replaceAll('"', '').split(/[;,\r\n]/))
        assert.doesNotMatch(cell, /^\s*[=+\-@]/, text);
    }
  });

  it('says what was said, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(hostileReport, { maxLength: 3 }), (reports: readonly CheckReport[]) => {
        const rows = rowsOf(written(csvFormat({ details: true }), reports));
        const expected = reports.flatMap((one) => {
          const { target, verdict, future } = one;
          const all = findingsOf(one).map(({ id, state, why, evidence, scope, reference }) => [
            shown(target),
            shown(verdict.text),
            shown(id),
            state === 'pass' ? '' : shown(why),
            evidence.map(shown).join('\n'),
            shown(scope.host ?? ''),
            String(scope.port ?? ''),
            shown(reference),
          ]);
          const ends = (future?.events ?? []).map(({ id, what }) => [
            shown(target),
            shown(verdict.text),
            id,
            shown(what),
          ]);
          const none = [[shown(target), shown(verdict.text), '', '']];
          return all.length + ends.length === 0 ? none : [...all, ...ends];
        });
        assert.deepEqual(
          rows.map((row) => {
            const front = [row['target'], row['verdict_text'], row['id']];
            if (row['state'] === 'ends') return [...front, row['title']];
            if (row['id'] === '' && row['state'] === '') return [...front, row['why']];
            return [...front, row['why'], row['evidence'], row['host'], row['port'], row['reference']];
          }),
          expected,
        );
      }),
    );
  });
});
