/** An advice as a person reads it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAdvice } from '../../../../src/cli/advise/text.ts';
import { calledWith } from '../../../../src/cli/check/again.ts';
import type { Look } from '../../../../src/cli/terminal.ts';
import { adviceReport, adviceScenes } from '../../../support/advices.ts';

const plain: Look = { width: 80, colour: false, unicode: false };
const reports = Object.entries(adviceScenes).map(([name, scene]) => [name, adviceReport(scene)] as const);
const unwrapped = (text: string): string => text.replaceAll(/\s+/g, ' ');
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

describe('the text of an advice', () => {
  it('commands have the options that it was called with', () => {
    const called = calledWith({ flags: { resolver: ['127.0.0.1'], smtpPort: '2525' } }, []);
    const commands = reports.flatMap(([, report]) =>
      formatAdvice(report, plain, called)
        .split('\n')
        .filter((line) => /check: waxwing check /.test(line)),
    );
    assert.ok(commands.length > 0);
    for (const line of commands) assert.match(line, / --resolver 127\.0\.0\.1 --smtp-port 2525$/);
  });

  for (const [name, report] of reports) {
    const text = formatAdvice(report, plain);

    it(`${name}: has each step with its state, and what is to be pasted on a line of its own`, () => {
      for (const { id, state, do: remedies } of report.steps) {
        assert.match(
          unwrapped(text),
          new RegExp(`step \\d+, ${state}: [^(]*(?:\\([^)]*\\) )?[^(]*\\(${id}\\)`),
          id,
        );
        for (const { lines, verify } of remedies) {
          for (const line of lines) assert.match(text, new RegExp(`^ +${escaped(line.text.trim())}$`, 'm'));
          if (verify !== null) assert.match(text, new RegExp(`^ +check: ${escaped(verify)}$`, 'm'));
        }
      }
    });

    it(`${name}: no line is wider than the terminal, but for what is pasted`, () => {
      const pasted = new Set(
        report.steps.flatMap(({ do: remedies }) =>
          remedies.flatMap(({ lines, verify }) => [
            ...lines.map((line) => line.text.trim()),
            `check: ${verify ?? ''}`,
          ]),
        ),
      );
      const wide = text.split('\n').filter((line) => line.length > 80 && !pasted.has(line.trim()));
      assert.deepEqual(
        wide.filter((line) => !/^ *\S+$/.test(line)),
        [],
      );
    });

    it(`${name}: is ASCII where the terminal shows no more`, () => assert.match(text, /^[\x20-\x7e\n]*$/));
  }

  const head = (name: keyof typeof adviceScenes): string =>
    unwrapped(formatAdvice(adviceReport(adviceScenes[name]), plain).split('\n\n')[0] ?? '');

  it('begins with what comes next', () => {
    assert.match(head('nothing'), /^Advice for example\.test: \d of 10 steps done; next is .* \(tls-rpt\)/);
    assert.match(head('broken'), /next is repair of what is broken \(repair\)/);
    assert.match(head('noMail'), /: none, as .* accepts no mail/);
  });

  it('leaves the name of a host at the beginning of a sentence as it is', () => {
    const [name, report] = reports.find(([scene]) => scene === 'unseen') ?? assert.fail();
    const [first, ...others] = report.steps;
    assert.ok(first !== undefined, name);
    const because = 'mx1.example.test could not be reached from here';
    const text = formatAdvice({ ...report, steps: [{ ...first, because }, ...others] }, plain);
    assert.match(text, /^ {2}mx1\.example\.test could not be reached from here\.$/m);
    assert.doesNotMatch(text, /Mx1\.example/);
  });
  it('says of a wait how long it is', () =>
    assert.match(
      unwrapped(formatAdvice(adviceReport(adviceScenes.half), plain)),
      /then: wait 10 days \(240 hours\)/,
    ));

  it('colours what counts, and nothing else changes', () => {
    for (const [, report] of reports) {
      const coloured = formatAdvice(report, { ...plain, colour: true });
      // oxlint-disable-next-line eslint/no-control-regex -- the escapes of colours are what is looked for
      assert.equal(coloured.replaceAll(/\x1b\[[0-9]+m/g, ''), formatAdvice(report, plain));
    }
  });

  it('lets nothing that others wrote move the cursor', () => {
    const report = adviceReport(adviceScenes.half);
    const [first, ...others] = report.steps;
    assert.ok(first !== undefined);
    const evil = { ...report, steps: [{ ...first, because: 'evil \x1b[2J\r\n text' }, ...others] };
    assert.ok(!formatAdvice(evil, plain).includes('\x1b'));
  });
});
