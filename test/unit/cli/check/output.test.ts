import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withoutOptions } from '../../../../src/cli/check/again.ts';
import { type Output, type OutputTerms, openOutput } from '../../../../src/cli/check/output.ts';
import { recordingOf } from './recordings.ts';
import { samples } from './samples.ts';

const reports = [samples.good, samples.clear];

function outputOf(terms: Partial<OutputTerms> & Pick<OutputTerms, 'write'>): Output {
  return openOutput({
    format: 'text',
    list: 'always',
    details: false,
    failOn: 'high',
    version: '1.2.3',
    page: {
      look: { width: 80, colour: false, unicode: false },
      called: withoutOptions,
      isPart: false,
    },
    ...terms,
  });
}

async function printed(terms: Partial<OutputTerms>, count: number, isWhole = true): Promise<string> {
  let text = '';
  const output = outputOf({
    ...terms,
    write: (part) => {
      text += part;
      return Promise.resolve();
    },
  });
  await output.begin();
  for (const report of reports.slice(0, count)) await output.print(report, recordingOf(), null);
  const [exitCode, meaning] = isWhole ? [0, ''] : [143, 'the run was interrupted'];
  await output.end({ exitCode, meaning, isWhole });
  return text;
}

describe('what is printed', () => {
  it('is one object of JSON, or a list, whatever their number', async () => {
    const json = async (list: OutputTerms['list'], count: number): Promise<unknown> =>
      JSON.parse(await printed({ format: 'json', list }, count));
    assert.deepEqual(await json('never', 1), reports[0]);
    for (const count of [0, 1, 2]) assert.deepEqual(await json('always', count), reports.slice(0, count));
    assert.deepEqual(await json('counted', 0), []);
    assert.deepEqual(await json('counted', 1), reports[0]);
    assert.deepEqual(await json('counted', 2), reports);
  });

  it('is one line for each with ndjson', async () => {
    const lines = (await printed({ format: 'ndjson' }, 2)).split('\n');
    assert.equal(lines.pop(), '');
    assert.deepEqual(
      lines.map((line): unknown => JSON.parse(line)),
      reports,
    );
  });

  it('is a document of each other form, begun and ended once', async () => {
    const forms = {
      csv: /^target,protocol,[^\r]*\r\nexample\.test,smtp,/,
      sarif: /^\{"\$schema":[\s\S]*"exitCode":0,"toolExecutionNotifications":\[\]\}\]\}\]\}\n$/,
      junit:
        /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites>\n<testsuite name="[\s\S]*<\/testsuites>\n$/,
      nagios: /^WAXWING OK - 2 targets: 1 critical \(example\.test\), 1 fine \| days=.*\n$/,
      openmetrics: /^# HELP probe_success [\s\S]*\nstarttls_exit_code 0\n# EOF\n$/,
      html: /^<!DOCTYPE html>\n[\s\S]*<\/html>\n$/,
      markdown: /^## `example\.test`\n[\s\S]*\n## All targets\n/,
    } as const;
    for (const format of ['csv', 'sarif', 'junit', 'nagios', 'openmetrics', 'html', 'markdown'] as const)
      assert.match(await printed({ format }, 2), forms[format]);
    assert.match(await printed({ format: 'csv' }, 0), /^target,protocol,[^\n]*\n$/);
  });

  it('behind results that are there already is no second beginning', async () => {
    let text = '';
    const output = outputOf({
      format: 'csv',
      write: (part) => {
        text += part;
        return Promise.resolve();
      },
    });
    await output.print(samples.good, recordingOf(), null);
    await output.end({ exitCode: 0, meaning: '', isWhole: true });
    assert.match(text, /^example\.test,smtp,/);
  });

  it('has no end where the run was interrupted: it is not the whole list', async () => {
    for (const count of [0, 1, 2]) {
      const json = await printed({ format: 'json' }, count, false);
      assert.match(json, /^\[\n/);
      assert.throws((): unknown => JSON.parse(json), SyntaxError);
      assert.equal(JSON.parse(`${json}]`).length, count);
    }
    assert.match(await printed({}, 1, false), /\n\n\nthe run was interrupted\n$/);
  });

  it('is pages of text, and what was said to servers with details', async () => {
    const text = await printed({}, 2);
    assert.match(text, /^example\.test: protected[\s\S]*\n\n\nexample\.test: mail comes in clear/);
    assert.match(
      text,
      /\n\n\nall targets:\n {2}example\.test: protected\n {2}example\.test: mail comes in clear\n$/,
    );
    assert.doesNotMatch(await printed({}, 1), /all targets/);
    assert.doesNotMatch(text, /every check/);
    assert.match(await printed({ details: true }, 1), /\nevery check:\n/);
  });
});
