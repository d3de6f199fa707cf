import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { markdownFormat } from '../../../../../src/cli/check/formats/markdown.ts';
import { suitesOf } from '../../../../../src/cli/check/suite-list.ts';
import type { CheckReport } from '../../../../../src/events/check-report.ts';
import { endpoint, host, report, reported, samples } from '../samples.ts';
import { everyKind } from './demanded.ts';
import { hostileReport, hostileText, terms, written } from './hostile.ts';
import { wordsOf } from './words.ts';

const textOf = (
  reports: readonly CheckReport[],
  complaints: readonly string[] = [],
  details = false,
): string => written(markdownFormat({ ...terms, details }), reports, complaints);

interface Pieces {
  /** Lines outside fences, as they are. */
  readonly raw: readonly string[];
  /** The same with `` in place of code spans: what Markdown looks into. */
  readonly open: readonly string[];
  /** The text as it is shown. */
  readonly shown: string;
}

/** Takes apart what CommonMark shows letter by letter (fences §4.5, spans §6.1) and what it looks into. */
function piecesOf(text: string): Pieces {
  const raw: string[] = [];
  const open: string[] = [];
  const shown: string[] = [];
  let fence = '';
  for (const line of text.split('\n')) {
    const marks = /^ {0,3}(`{3,})[^`]*$/.exec(line)?.[1] ?? '';
    const isEnd = fence !== '' && marks.length >= fence.length && /^ {0,3}`+\s*$/.test(line);
    if (fence === '' && marks !== '') fence = marks;
    else if (isEnd) fence = '';
    else if (fence !== '') shown.push(line);
    else {
      const [rest, seen] = withoutSpans(line);
      raw.push(line);
      open.push(rest);
      shown.push(seen);
    }
  }
  assert.equal(fence, '', 'a fence is not closed');
  return { raw, open, shown: shown.join('\n') };
}

function withoutSpans(line: string): readonly [rest: string, shown: string] {
  let [rest, shown, at] = ['', '', 0];
  for (const start of line.matchAll(/(?<!`)`+/g)) {
    if (start.index < at) continue;
    const end = new RegExp(`(?<!\`)${start[0]}(?!\`)`, 'g');
    end.lastIndex = start.index + start[0].length;
    const found = end.exec(line) ?? assert.fail(`a span without its end: ${line}`);
    const inside = line.slice(start.index + start[0].length, found.index);
    const span = /^ .*[^ ].* $/.test(inside) ? inside.slice(1, -1) : inside;
    const before = line.slice(at, start.index);
    rest += `${before}\`\``;
    shown += `${unescaped(before)}${span}`;
    at = found.index + start[0].length;
  }
  return [rest + line.slice(at), shown + unescaped(line.slice(at))];
}

function unescaped(text: string): string {
  return text.replace(/\\([|.)])/g, '$1');
}

describe('Markdown', () => {
  it('has a title for each target, what to do with lines to paste, and an overview of several', () => {
    const text = textOf([samples.mismatch, samples.good]);
    assert.match(
      text,
      /^## `example\.test`\n\n\*\*mail is lost\*\*: senders that look at DANE cannot deliver\.\n/,
    );
    assert.match(text, /\n#### 2\. \*\*high\*\*, failed: STARTTLS is offered \(`starttls\.not-offered`\)\n/);
    assert.match(text, /\npostfix:\n\n```text\nsmtpd_tls_security_level = may\n/);
    assert.match(text, /\n## All targets\n/);
    assert.doesNotMatch(textOf([samples.good]), /All targets/);
    assert.match(textOf([samples.good], [], true), /\n### Every check\n/);
  });

  it('has what a profile came to, and every suite where they were listed', () => {
    const text = textOf([everyKind]);
    assert.match(
      text,
      /\n### Profile `mine`\n\nmy demands: 1 of 4 requirements met, 1 not met, 1 not tested, 1 not applicable\.\n/,
    );
    assert.match(
      text,
      /\n\| `keys` \| \*\*not met\*\* \| high \| keys are strong \| .*192\.0\.2\.1.*: RSA 1024 is insufficient \| Mail policy 4\.2 \|\n/,
    );
    assert.match(
      text,
      /\nMet: starttls\.\n\nNot applicable: .*mta-sts.*\n\n- Outside of this check: TLS comes about/,
    );
    assert.doesNotMatch(text, /### Suites/);
    const versions = [{ version: 0x0303, suites: [0xc02f, 0x002f], ownOrder: true, unfinished: null }];
    const suites = suitesOf({ connections: 9, versions });
    const listed = textOf([report({ hosts: [host({ endpoints: [endpoint({ suites })] })] })]);
    assert.match(
      listed,
      /\n### Suites\n\nSuites of 192\.0\.2\.1 port 25, listed by 9 connections beside the others:\n/,
    );
    assert.match(
      listed,
      /TLSv1\.2.*in the order of the server:\n\n```text\nTLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\nTLS_RSA_WITH_AES_128_CBC_SHA \(cbc, no-fs\)\n```\n/,
    );
  });

  it('our own sentences are left as they are', () => {
    const why =
      'Senders that look at DANE (Postfix with dane, Exchange Online) do not deliver, and mail comes back after 5 days: it is lost.';
    assert.ok(textOf([report({ findings: [reported({ why })] })]).includes(`So: ${why}\n`));
  });

  it('words that would become something are shown letter by letter', () => {
    const whole =
      '@octocat, #1 (GH-2) https://a.test www.a.test 1234567 :smile: [x](y) <b> PROJ-1 a_b "$x$".';
    assert.ok(
      textOf([report({ findings: [reported({ why: whole })] })]).includes(
        'So: `@octocat`, `#1` (`GH-2`) `https://a.test` `www.a.test` `1234567` `:smile`: `[x](y`) `<b>` `PROJ-1` `a_b` "`$x$`".\n',
      ),
    );
  });

  it('says what was said, whatever it is, and nothing becomes of it', () => {
    fc.assert(
      fc.property(
        fc.array(hostileReport, { minLength: 1, maxLength: 2 }),
        fc.array(hostileText, { maxLength: 2 }),
        fc.boolean(),
        (reports, complaints, details) => {
          const { open, shown } = piecesOf(textOf(reports, complaints, details));
          for (const line of open)
            assert.match(line, /^(?:#{2,4} |- |\| )?[^@#<>[\]&_~$!\\]*(?:\\[|.)][^@#<>[\]&_~$!\\]*)*$/);
          const text = spaced(shown);
          for (const words of reports.flatMap(wordsOf)) assert.ok(text.includes(spaced(words)), words);
        },
      ),
    );
  });

  it('rows of a table have as many cells as its head', () => {
    fc.assert(
      fc.property(hostileReport, (one) => {
        let columns = 0;
        for (const line of piecesOf(textOf([one], [], true)).raw) {
          // GFM §4.10: a bar ends a cell in code spans, too, unless it is escaped.
          const cells = line.startsWith('| ') ? line.replace(/\\./gu, '').split('|').length : 0;
          assert.ok(columns === 0 || cells === 0 || cells === columns, line);
          columns = cells;
        }
      }),
    );
  });
});

function spaced(text: string): string {
  return text.replace(/[\s*]+/g, ' ').trim();
}
