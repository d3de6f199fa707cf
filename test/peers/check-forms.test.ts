/**
 * The forms of a check, judged by what reads them: the schema of OASIS for SARIF and those of JUnit's reports, the strict
 * parser of Prometheus' own library and node_exporter, GitHub's own Markdown; for what is found in the samples, and for texts
 * that mean ill.
 */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import * as fc from 'fast-check';
import { csvColumns, csvFormat } from '../../src/cli/check/formats/csv.ts';
import type { ReportFormat } from '../../src/cli/check/formats/format.ts';
import { htmlFormat } from '../../src/cli/check/formats/html.ts';
import { junitFormat } from '../../src/cli/check/formats/junit.ts';
import { markdownFormat } from '../../src/cli/check/formats/markdown.ts';
import { nagiosFormat } from '../../src/cli/check/formats/nagios.ts';
import { openmetricsFormat } from '../../src/cli/check/formats/openmetrics.ts';
import { sarifFormat } from '../../src/cli/check/formats/sarif.ts';
import { printable } from '../../src/cli/check/formats/told.ts';
import type { CheckReport } from '../../src/events/check-report.ts';
import { hostileReport, hostileText, terms, written } from '../unit/cli/check/formats/hostile.ts';
import { samples } from '../unit/cli/check/samples.ts';
import { peerTest } from './support/peer.ts';
import { freePort, waitForPort } from './support/ports.ts';
import { openSandbox, runIn } from './support/sandbox.ts';
import { schemasFor } from './support/schemas.ts';

const place = { file: 'lists/my domains.txt', line: 3 };
/** A target is never blank. */
const hostile: readonly CheckReport[] = fc
  .sample(hostileReport, { seed: 10, numRuns: 60 })
  .filter(({ target }) => printable(target).trim() !== '');
const complaints: readonly string[] = fc.sample(hostileText, { seed: 10, numRuns: 20 });
const ours: readonly CheckReport[] = Object.values(samples);

/** Documents by name, of one form. */
function documentsOf(form: () => ReportFormat): Readonly<Record<string, string>> {
  return {
    empty: written(form(), []),
    one: written(form(), [samples.mismatch]),
    samples: written(form(), ours, ['line 3 of stdin: "a@b" is no target'], place),
    hostile: written(form(), hostile, complaints, place),
  };
}

/** As files of a sandbox. */
function filesOf(documents: Readonly<Record<string, string>>, end: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(documents).map(([name, text]) => [`/peer/${name}.${end}`, text]));
}

describe('the forms of a check', () => {
  peerTest('SARIF is valid by the schema of OASIS', ['forms'], async ({ forms }, t) => {
    const schemas = await schemasFor(t, 'sarif');
    if (schemas === undefined) return;
    const [schema = ''] = schemas;
    const script = `
import json, sys, jsonschema
schema = json.load(open('/peer/schema'))
check = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
for name in sys.argv[1:]:
    faults = [f'{list(e.absolute_path)}: {e.message[:200]}' for e in check.iter_errors(json.load(open(name)))]
    print(name, len(faults), faults[:3])
bad = {'version': '2.1.0', 'runs': [{'tool': {'driver': {'name': 'x'}}, 'results': [{'ruleId': 'x'}]}]}
print('bad', len(list(check.iter_errors(bad))))
`;
    const documents = {
      ...documentsOf(() => sarifFormat(terms)),
      details: written(sarifFormat({ ...terms, details: true }), [...ours, ...hostile], complaints),
    };
    const files = { ...filesOf(documents, 'sarif'), '/peer/schema': schema };
    const names = Object.keys(documents).map((name) => `/peer/${name}.sarif`);
    const judged = await runIn(forms, 'python3', ['-c', script, ...names], { files });
    assert.equal(judged.stdout, `${names.map((name) => `${name} 0 []\n`).join('')}bad 1\n`, judged.stderr);
  });

  peerTest(
    'JUnit reports are valid by the schema of Jenkins, and but for skipped cases by that of Ant',
    ['forms'],
    async ({ forms }, t) => {
      const schemas = await schemasFor(t, 'junit');
      if (schemas === undefined) return;
      const [jenkins = '', ant = ''] = schemas;
      const documents = documentsOf(() => junitFormat(terms));
      // Ant has no word for them.
      const told = Object.fromEntries(
        Object.entries(documents).map(([name, text]) => [
          `${name}-ant`,
          text.replace(/<skipped>[^<]*<\/skipped>|<skipped\/>/g, '').replace(/ skipped="\d+"/g, ''),
        ]),
      );
      const files = {
        ...filesOf({ ...documents, ...told }, 'xml'),
        '/peer/jenkins.xsd': jenkins,
        '/peer/ant.xsd': ant,
        '/peer/bad.xml': '<testsuites><testsuite/></testsuites>',
      };
      const sandbox = await openSandbox(forms, { files });
      try {
        const judge = (schema: string, names: readonly string[]): ReturnType<typeof sandbox.run> => {
          const paths = names.map((name) => `/peer/${name}.xml`);
          return sandbox.run('xmllint', ['--noout', '--schema', `/peer/${schema}.xsd`, ...paths]);
        };
        for (const [schema, names] of [
          ['jenkins', Object.keys(documents)],
          ['ant', Object.keys(told)],
        ] as const) {
          const judged = await judge(schema, names);
          assert.equal(judged.code, 0, judged.stderr);
          assert.equal(judged.stderr, names.map((name) => `/peer/${name}.xml validates\n`).join(''));
          assert.notEqual((await judge(schema, ['bad'])).code, 0);
        }
      } finally {
        await sandbox.close();
      }
    },
  );

  peerTest(
    'OpenMetrics is read by the strict parser of the client library, and the older one',
    ['forms'],
    async ({ forms }) => {
      const script = `
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as strict
from prometheus_client.parser import text_string_to_metric_families as older
for name in sys.argv[1:]:
    text = open(name, newline='').read()
    both = [[s for f in read(text) for s in f.samples] for read in (strict, older)]
    same = [(s.name, s.labels, s.value) for s in both[0]] == [(s.name, s.labels, s.value) for s in both[1]]
    print(name, len(both[0]), same, {f.type for f in strict(text)})
try:
    list(strict('# TYPE a gauge\\na 1\\n'))
except ValueError:
    print('bad')
`;
      const documents = documentsOf(() => openmetricsFormat(terms));
      const names = Object.keys(documents).map((name) => `/peer/${name}.prom`);
      const files = filesOf(documents, 'prom');
      const judged = await runIn(forms, 'python3', ['-c', script, ...names], { files });
      const expected = Object.entries(documents).map(([name, text]) => {
        const count = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
        return `/peer/${name}.prom ${count} True {'gauge'}\n`;
      });
      assert.equal(judged.stdout, `${expected.join('')}bad\n`, judged.stderr);
    },
  );

  peerTest('the textfile collector of node_exporter takes the figures', ['forms'], async ({ forms }) => {
    const port = await freePort('127.0.0.1');
    const text = written(openmetricsFormat(terms), [...ours, ...hostile]);
    const sandbox = await openSandbox(forms, { files: { '/peer/textfiles/waxwing.prom': text } });
    try {
      const flags = [
        `--web.listen-address=127.0.0.1:${port}`,
        '--collector.disable-defaults',
        '--collector.textfile',
        '--collector.textfile.directory=/peer/textfiles',
      ];
      const running = sandbox.spawn('prometheus-node-exporter', flags);
      let log = '';
      running.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
      await waitForPort('127.0.0.1', port, () => log);
      const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      assert.match(page, /^node_textfile_scrape_error 0$/m, log);
      const countOf = (one: string): number => one.match(/^starttls_outcome\{/gm)?.length ?? 0;
      assert.equal(countOf(page), countOf(text));
    } finally {
      await sandbox.close();
    }
  });

  peerTest(
    'figures of the line for Nagios are read by the library of its plugins, with their thresholds',
    ['forms'],
    async ({ forms }) => {
      const script = `
use strict; use Monitoring::Plugin::Performance use_die => 1;
for my $name (@ARGV) {
  open(my $file, '<', $name) or die; my @lines = <$file>; close $file;
  my ($text, $figures) = split / \\| /, $lines[0];
  my @all = Monitoring::Plugin::Performance->parse_perfstring($figures);
  my @days = grep { $_->label eq 'days' } @all;
  my $status = join ',', map { $_->threshold->get_status($_->value) } @days;
  my $late = join ',', map { $_->threshold->get_status(1), $_->threshold->get_status(-1) } @days;
  print join(' ', $name, scalar @all, "status=$status", "late=$late", $text =~ /^WAXWING WARNING - [^|]+$/ ? 'ok' : 'not'), "\\n";
}
`;
      const documents = documentsOf(() => nagiosFormat({ ...terms, details: true }));
      const names = Object.keys(documents).map((name) => `/peer/${name}.txt`);
      const judged = await runIn(forms, 'perl', ['-e', script, ...names], {
        files: filesOf(documents, 'txt'),
      });
      // Without a certificate days are not known, which the library leaves out.
      assert.equal(
        judged.stdout,
        '/peer/empty.txt 8 status= late= ok\n' +
          ['one', 'samples', 'hostile'].map((name) => `/peer/${name}.txt 9 status=0 late=1,2 ok\n`).join(''),
        judged.stderr,
      );
    },
  );

  peerTest(
    "nothing of hostile texts becomes a link, an image or HTML of GitHub's Markdown",
    ['forms'],
    async ({ forms }) => {
      const documents = {
        ...documentsOf(() => markdownFormat(terms)),
        details: written(markdownFormat({ ...terms, details: true }), [...ours, ...hostile]),
      };
      for (const [name, text] of Object.entries(documents)) {
        // With --unsafe it lets HTML through, so that it is seen.
        const extensions = ['table', 'autolink', 'strikethrough', 'tagfilter', 'tasklist'].flatMap((one) => [
          '-e',
          one,
        ]);
        const { code, stdout, stderr } = await runIn(forms, 'cmark-gfm', ['--unsafe', ...extensions], {
          input: text,
        });
        assert.equal(code, 0, stderr);
        const tags = new Set([...stdout.matchAll(/<\/?([a-z0-9]+)/g)].map(([, tag]) => tag));
        const known = new Set('h2 h3 h4 p ul li table thead tbody tr th td pre code strong'.split(' '));
        assert.deepEqual([...tags.difference(known)], [], name);
        // What is left to be made of mentions and references stands in code only.
        const open = stdout.replace(/<(code|pre)\b[^>]*>[\s\S]*?<\/\1>/g, '');
        assert.doesNotMatch(open, /@|#|www\.|:\/\/|GH-\d|:\w+:/);
      }
    },
  );

  peerTest(
    'a page is HTML without scripts or anything that is fetched, for another reader',
    ['forms'],
    async ({ forms }) => {
      const script = `
import sys
from html.parser import HTMLParser
class Reader(HTMLParser):
    def __init__(self):
        super().__init__(); self.tags = set(); self.attributes = set(); self.stack = []
    def handle_starttag(self, tag, attrs):
        self.tags.add(tag); self.attributes |= {name for name, _ in attrs}; self.stack.append(tag)
    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag); self.attributes |= {name for name, _ in attrs}
    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, tag
for name in sys.argv[1:]:
    reader = Reader(); reader.feed(open(name, encoding='utf-8', newline='').read()); reader.close()
    print(name, reader.stack, sorted(reader.tags & {'script','img','a','link','iframe','object','form','input','svg','base'}), sorted(reader.attributes))
`;
      const documents = documentsOf(() => htmlFormat({ ...terms, details: true }));
      const names = Object.keys(documents).map((name) => `/peer/${name}.html`);
      const files = filesOf(documents, 'html');
      const judged = await runIn(forms, 'python3', ['-c', script, ...names], { files });
      assert.equal(judged.code, 0, judged.stderr);
      const lines = judged.stdout.trim().split('\n');
      assert.equal(lines.length, names.length);
      for (const line of lines) assert.match(line, /\.html \[\] \[\] \[[^\]]*\]$/);
      assert.doesNotMatch(judged.stdout, /'(?:on\w+|src|href|style)'/);
      const formed = await runIn(forms, 'xmllint', ['--noout', ...names], { files });
      assert.equal(formed.code, 0, formed.stderr);
    },
  );

  peerTest(
    'the table is read by another reader, with as many cells in every row',
    ['forms'],
    async ({ forms }) => {
      const script = `
import csv, sys
for name in sys.argv[1:]:
    rows = list(csv.reader(open(name, encoding='utf-8', newline=''), strict=True))
    print(name, {len(row) for row in rows}, any(cell[:1] in '=+-@' for row in rows for cell in row if cell))
`;
      const documents = documentsOf(() => csvFormat({ details: true }));
      const names = Object.keys(documents).map((name) => `/peer/${name}.csv`);
      const judged = await runIn(forms, 'python3', ['-c', script, ...names], {
        files: filesOf(documents, 'csv'),
      });
      assert.equal(
        judged.stdout,
        names.map((name) => `${name} {${csvColumns.length}} False\n`).join(''),
        judged.stderr,
      );
    },
  );
});
