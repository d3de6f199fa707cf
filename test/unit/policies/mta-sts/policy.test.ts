import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  formatPattern,
  MAX_AGE_SECONDS,
  MAX_MX_LINES,
  MAX_POLICY_OCTETS,
  parsePolicy,
  type StsPolicy,
} from '../../../../src/policies/mta-sts/policy.ts';

const example =
  'version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmx: backupmx.example.com\nmax_age: 604800\n';

const parse = (text: string): ReturnType<typeof parsePolicy> => parsePolicy(Buffer.from(text));

function policyOf(text: string): StsPolicy {
  const parsed = parse(text);
  assert.ok(parsed.kind === 'ok', JSON.stringify(parsed));
  return parsed.policy;
}

function whyInvalid(text: string): string {
  const parsed = parse(text);
  assert.ok(parsed.kind === 'invalid', `${JSON.stringify(text)} was taken`);
  return parsed.because;
}

const withAge = (age: string): string => example.replace('604800', age);
const withMx = (mx: string): string => `version: STSv1\nmode: enforce\nmax_age: 604800\nmx: ${mx}\n`;

describe('RFC 8461 §3.2: the policy', () => {
  it('the example of the RFC', () => {
    const { mx, ...rest } = policyOf(example);
    assert.deepEqual(mx.map(formatPattern), ['mail.example.com', '*.example.net', 'backupmx.example.com']);
    assert.deepEqual(rest, {
      mode: 'enforce',
      maxAgeSeconds: 604_800,
      lines: example.split('\n').slice(0, -1),
      warnings: [],
    });
  });

  const good: [title: string, text: string][] = [
    ['CRLF', example.replaceAll('\n', '\r\n')],
    ['LF and CRLF mixed', example.replace('\n', '\r\n')],
    ['no end of the last line', example.slice(0, -1)],
    ['any order of fields', 'mx: a.test\nmax_age: 1\nmode: testing\nversion: STSv1'],
    ['"*WSP" behind ":" and behind the value', 'version:STSv1 \t\nmode:\t\tnone\nmax_age: \t 1 '],
    ['"unknown fields SHALL be ignored"', `${example}x-1.y_z: ä € 😀 {a}; b=c\nVersion: STSv2\nMode: none\n`],
    ['a field name of 32 octets', `${example}${'n'.repeat(32)}: 1\n`],
    [
      'mode none without mx ("required at least once, except when mode is "none"")',
      'version: STSv1\nmode: none\nmax_age: 0',
    ],
    ['mode none with mx', 'version: STSv1\nmode: none\nmax_age: 0\nmx: a.test'],
  ];
  for (const [title, text] of good) it(`is read: ${title}`, () => void policyOf(text));

  const invalid: [title: string, text: string, because: RegExp][] = [
    ['an empty file', '', /is empty/],
    ['no version', example.replace('version: STSv1\n', ''), /no field "version"/],
    ['another version', example.replace('STSv1', 'STSv2'), /the version "STSv2": it must be STSv1/],
    ['a version in lower case', example.replace('STSv1', 'stsv1'), /the version "stsv1"/],
    ['a field name in upper case', example.replace('mode', 'Mode'), /no field "mode"/],
    ['no mode', example.replace('mode: enforce\n', ''), /no field "mode"/],
    ['a mode that nobody knows', example.replace('enforce', 'report'), /enforce, testing or none/],
    ['a mode in upper case', example.replace('enforce', 'Enforce'), /the mode "Enforce"/],
    ['no mx', example.replace(/mx: .*\n/g, ''), /no field "mx"/],
    ['no mx in testing', 'version: STSv1\nmode: testing\nmax_age: 1', /no field "mx"/],
    ['an empty line', example.replace('\nmode', '\n\nmode'), /line 2 of the policy/],
    ['an empty line at the end', `${example}\n`, /line 7 of the policy/],
    ['white space before a field', example.replace('mode', ' mode'), /line 2/],
    ['white space before ":"', example.replace('mode:', 'mode :'), /line 2/],
    ['a line without ":"', `${example}hello\n`, /line 7 of the policy is not "name: value": "hello"/],
    ['a field without a value', `${example}x:\n`, /line 7/],
    ['a field without a value but white space', `${example}x: \t\n`, /line 7/],
    ['a field name of 33 octets', `${example}${'n'.repeat(33)}: 1\n`, /line 7/],
    ['a field name that begins with a hyphen', `${example}-x: 1\n`, /line 7/],
    ['a tab within a value', `${example}x: a\tb\n`, /line 7/],
    ['a bare CR', example.replace('\n', '\r'), /line 1/],
    ['CR CR LF', example.replace('\n', '\r\r\n'), /line 1/],
    ['NUL', `${example}x: a\0b\n`, /line 7/],
    ['DEL', `${example}x: a\x7fb\n`, /line 7/],
    ['a mark of byte order', `\ufeff${example}`, /line 1/],
    ['HTML', '<!doctype html>\n<title>Not found</title>', /line 1/],
    ['several mx on a line: "each MX MUST have its own "mx:" key"', withMx('a.test, b.test'), /neither/],
  ];
  for (const [title, text, because] of invalid) {
    it(`is invalid: ${title}`, () => assert.match(whyInvalid(text), because));
  }

  it('is invalid: octets that are not UTF-8', () => {
    const broken = Buffer.concat([Buffer.from(`${example}x: a`), Uint8Array.of(0xff)]);
    assert.deepEqual(parsePolicy(broken), {
      kind: 'invalid',
      fault: 'encoding',
      because: 'the policy is not UTF-8',
    });
  });
});

describe('S15: max_age', () => {
  it('0 is valid: it holds for this mail and is not kept', () =>
    assert.equal(policyOf(withAge('0')).maxAgeSeconds, 0));

  it(`"maximum value of 31557600": the highest is taken without a word`, () => {
    const { maxAgeSeconds, warnings } = policyOf(withAge('31557600'));
    assert.equal(maxAgeSeconds, MAX_AGE_SECONDS);
    assert.deepEqual(warnings, []);
  });

  for (const age of ['31557601', '9999999999']) {
    it(`${age} counts as the highest, with a warning`, () => {
      const { maxAgeSeconds, warnings } = policyOf(withAge(age));
      assert.equal(maxAgeSeconds, MAX_AGE_SECONDS);
      assert.deepEqual(warnings, [`max_age is ${age}, more than a year: 31557600 counts`]);
    });
  }

  it('missing is invalid', () => {
    assert.match(whyInvalid(example.replace(/max_age.*\n/, '')), /no field "max_age"/);
  });

  for (const age of ['-1', '+1', '1.5', '1e3', '0x10', '604800s', '6 04800', '99999999999', '٣']) {
    it(`junk is invalid: ${age}`, () => assert.match(whyInvalid(withAge(age)), /a number of seconds/));
  }
});

describe('S16: fields that are there twice', () => {
  it('"all entries except for the first SHALL be ignored", mx excepted', () => {
    const { mode, maxAgeSeconds, mx, warnings } = policyOf(
      `${example}mode: none\nmax_age: 1\nversion: STSv2\nmx: mail.example.com\n`,
    );
    assert.deepEqual([mode, maxAgeSeconds, mx.length], ['enforce', 604_800, 4]);
    assert.deepEqual(warnings, ['version, mode, max_age: given more than once, the first counts']);
  });

  it('what is ignored may be anything that a field can be', () => {
    assert.equal(policyOf(`${example}max_age: soon\nmode: ???\n`).maxAgeSeconds, 604_800);
  });

  it('the first counts also where it is the wrong one', () => {
    assert.match(whyInvalid(`mode: report\n${example}`), /the mode "report"/);
  });
});

describe('RFC 8461 §3.2: mx patterns', () => {
  const good: [value: string, pattern: string][] = [
    ['mail.example.com', 'mail.example.com'],
    ['MAIL.Example.COM', 'mail.example.com'],
    ['*.example.com', '*.example.com'],
    ['*.com', '*.com'],
    ['localhost', 'localhost'],
    ['1-2.3a.test', '1-2.3a.test'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    [`${'a'.repeat(63)}.test`, `${'a'.repeat(63)}.test`],
  ];
  for (const [value, pattern] of good) {
    it(`are read: ${value}`, () =>
      assert.deepEqual(policyOf(withMx(value)).mx.map(formatPattern), [pattern]));
  }

  it('S14: the dot of the root does not count, and its owner is told', () => {
    const { mx, warnings } = policyOf(withMx('mail.example.com.'));
    assert.deepEqual(mx.map(formatPattern), ['mail.example.com']);
    assert.deepEqual(warnings, [
      'the mx "mail.example.com." ends with a dot, which other senders may refuse',
    ]);
  });

  const bad = [
    ['*', 'a wildcard alone'],
    ['*.', 'a wildcard and the root'],
    ['.example.com', 'a suffix as Postfix writes it'],
    ['*example.com', 'a wildcard without its dot'],
    ['mx*.example.com', 'a part of a label'],
    ['*.*.example.com', 'two wildcards'],
    ['mail.*.example.com', 'a wildcard further right'],
    ['mail..example.com', 'an empty label'],
    ['mail.example.com..', 'two dots at the end'],
    ['-mail.example.com', 'a hyphen at the beginning of a label'],
    ['mail-.example.com', 'a hyphen at the end of a label'],
    ['mail_1.example.com', 'an underscore: no host has it, and no certificate can'],
    ['bücher.example', '"MUST specify the … A-label … and not the Unicode-encoded U-label"'],
    ['mail.example.com:25', 'a port'],
    ['192.0.2.1', 'an address'],
    ['[192.0.2.1]', 'an address literal'],
    [`${'a'.repeat(64)}.test`, 'a label of 64 octets'],
    [`${'a.'.repeat(126)}test`, 'a name of 256 octets'],
    ['{a}', 'S21: braces'],
  ] as const;
  for (const [value, title] of bad) {
    it(`are invalid: ${title}`, () => assert.match(whyInvalid(withMx(value)), /^the mx ".*" (?:is|names)/));
  }

  it(`there may be ${MAX_MX_LINES} of them, and no more`, () => {
    const lines = (count: number): string => `${'mx: a.test\n'.repeat(count)}${example}`;
    assert.equal(policyOf(lines(MAX_MX_LINES - 3)).mx.length, MAX_MX_LINES);
    assert.match(whyInvalid(lines(MAX_MX_LINES - 2)), /has 1001 fields "mx", the limit is 1000/);
  });
});

describe('the reader of policies', () => {
  it(`takes ${MAX_POLICY_OCTETS} octets, and no more`, () => {
    const filled = (octets: number): string => {
      const rest = octets - example.length - 'x: \n'.length;
      return `${example}x: ${'a'.repeat(rest)}\n`;
    };
    policyOf(filled(MAX_POLICY_OCTETS));
    assert.match(whyInvalid(filled(MAX_POLICY_OCTETS + 1)), /has 65537 octets, the limit is 65536/);
  });

  it('S21: no line of what it has read holds a line end or a control character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('{}:; a\r\n\t\0\x0b\x85\u2028')) }),
        (text) => {
          const parsed = parse(`${example}x: ${text}\n`);
          if (parsed.kind !== 'ok') return;
          // oxlint-disable-next-line eslint/no-control-regex -- control characters are what is looked for
          for (const line of parsed.policy.lines) assert.doesNotMatch(line, /[\0-\x08\x0a-\x1f\x7f]/);
        },
      ),
    );
  });

  it('gives one of its answers, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        assert.ok(['ok', 'invalid'].includes(parsePolicy(octets).kind));
      }),
    );
    const pieces = fc.constantFrom(
      'version',
      'mode',
      'mx',
      'max_age',
      ':',
      ' ',
      'STSv1',
      'none',
      '*.',
      'a.test',
      '1',
      '\n',
      '\r\n',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        assert.ok(['ok', 'invalid'].includes(parse(parts.join('')).kind));
      }),
    );
  });

  it('reads back what is written by the grammar', () => {
    const label = fc.stringMatching(/^[a-z](?:[a-z0-9-]{0,10}[a-z0-9])?$/);
    const pattern = fc
      .tuple(fc.boolean(), fc.array(label, { minLength: 1, maxLength: 4 }))
      .map(([wildcard, labels]) => `${wildcard ? '*.' : ''}${labels.join('.')}`);
    const written = fc.record({
      mode: fc.constantFrom('enforce', 'testing', 'none'),
      mx: fc.array(pattern, { minLength: 1, maxLength: 5 }),
      age: fc.nat({ max: MAX_AGE_SECONDS }),
      extra: fc.array(fc.stringMatching(/^x[a-z0-9_.-]{0,31}: [!-~](?:[ -~]{0,20}[!-~])?$/), {
        maxLength: 3,
      }),
      end: fc.constantFrom('\n', '\r\n'),
      behind: fc.constantFrom('', ' ', '\t '),
      order: fc.infiniteStream(fc.nat()),
    });
    fc.assert(
      fc.property(written, ({ mode, mx, age, extra, end, behind, order }) => {
        const lines = ['version: STSv1', `mode: ${mode}`, `max_age: ${age}`, ...extra];
        // The order of mx is kept, and the other lines stand anywhere among them.
        const all = mx.map((value) => `mx: ${value}`);
        for (const line of lines) all.splice((order.next().value ?? 0) % (all.length + 1), 0, line);
        const policy = policyOf(all.map((line) => `${line}${behind}${end}`).join(''));
        assert.deepEqual([policy.mode, policy.maxAgeSeconds], [mode, age]);
        assert.deepEqual(policy.mx.map(formatPattern), mx);
        assert.deepEqual(
          policy.lines,
          all.map((line) => `${line}${behind}`),
        );
        assert.deepEqual(policy.warnings, []);
      }),
    );
  });

  it('takes time in proportion to the length', () => {
    const started = performance.now();
    const long = MAX_POLICY_OCTETS - 10;
    for (const text of [
      `a: x${' '.repeat(long - 10)}y`,
      '\n'.repeat(long),
      '\r'.repeat(long),
      `mx: ${'a.'.repeat(long / 2 - 10)}`,
      'a:b\n'.repeat(long / 4),
    ])
      parse(text);
    assert.ok(performance.now() - started < 500);
  });
});

describe('what is wrong with a file that is no policy is told in a word', () => {
  const faults: readonly (readonly [fault: string, text: string])[] = [
    ['size', ''],
    ['mark', '\ufeffversion: STSv1\nmode: none\nmax_age: 1\n'],
    ['line', 'version: STSv1\nmode none\n'],
    ['version', 'version: STSv2\nmode: none\nmax_age: 1\n'],
    ['version', 'mode: none\nmax_age: 1\n'],
    ['no-mode', 'version: STSv1\nmax_age: 1\n'],
    ['mode', 'version: STSv1\nmode: on\nmax_age: 1\n'],
    ['no-max-age', 'version: STSv1\nmode: none\n'],
    ['max-age', 'version: STSv1\nmode: none\nmax_age: a week\n'],
    ['no-mx', 'version: STSv1\nmode: testing\nmax_age: 1\n'],
    ['mx', 'version: STSv1\nmode: testing\nmax_age: 1\nmx: *\n'],
  ];
  for (const [fault, text] of faults) {
    it(`${JSON.stringify(text)}: ${fault}`, () => {
      const parsed = parse(text);
      assert.equal(parsed.kind === 'invalid' && parsed.fault, fault);
    });
  }
});
