/** A strict reader of Prometheus' text format, written from its description, not from what our library writes. */
import assert from 'node:assert/strict';

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const SAMPLE = new RegExp(
  `^(${NAME})(\\{${LABEL}(?:,${LABEL})*\\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|[+-]Inf|Nan|NaN)$`,
);
const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);
/** What a sample's name may have behind that of its family. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/** @returns each sample by its name and labels. @throws AssertionError where a line is not what it must be. */
export function readExposition(text: string): ReadonlyMap<string, number> {
  assert.ok(text.endsWith('\n'), 'the last line has no end');
  const samples = new Map<string, number>();
  const families = new Set<string>();
  let family: { readonly name: string; readonly type: string } | undefined;
  let helped: string | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const [, help] = new RegExp(`^# HELP (${NAME}) \\S.*$`).exec(line) ?? [];
    const [, typed, type] = new RegExp(`^# TYPE (${NAME}) (\\w+)$`).exec(line) ?? [];
    if (help !== undefined) {
      assert.ok(!families.has(help), `${help} comes twice`);
      families.add(help);
      helped = help;
      continue;
    }
    if (typed !== undefined && type !== undefined) {
      assert.equal(typed, helped, 'a type without its help');
      assert.ok(TYPES.has(type), line);
      family = { name: typed, type };
      continue;
    }
    assert.ok(!line.startsWith('#'), line);
    const [, name = '', labels = '', value] = SAMPLE.exec(line) ?? assert.fail(`not a sample: ${line}`);
    const suffixes = SUFFIXES[family?.type ?? ''] ?? [''];
    assert.ok(
      suffixes.some((suffix) => name === `${family?.name}${suffix}`),
      `${name} is not of the family ${family?.name}`,
    );
    assert.ok(!samples.has(`${name}${labels}`), `${name}${labels} comes twice`);
    if (family?.type === 'counter') assert.ok(Number(value) >= 0 && name.endsWith('_total'), line);
    samples.set(`${name}${labels}`, Number(value));
  }
  return samples;
}
