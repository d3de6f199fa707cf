/**
 * What people read, for all samples: texts.txt holds it whole.
 *
 * After a change of words, `RENEW=1 node --test FILE` writes it anew; the difference is what has to be read then.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { toExplanation } from '../../../../src/cli/explain/explanation.ts';
import { formatExplanation } from '../../../../src/cli/explain/text.ts';
import type { Look } from '../../../../src/cli/terminal.ts';
import type { Explanation } from '../../../../src/events/explanation.ts';
import { factsOf } from '../../../support/destinations.ts';
import { explained, samples } from './samples.ts';

const plain: Look = { width: 80, colour: false, unicode: false };
const golden = join(import.meta.dirname, 'texts.txt');
const entries = Object.entries(samples).map(([name, sample]) => [name, toExplanation(sample)] as const);
const whole = entries.map(([name, one]) => `#### ${name}\n${formatExplanation(one, plain)}`).join('\n');
if (process.env['RENEW'] === '1') writeFileSync(golden, whole);

const unwrapped = (text: string): string => text.replaceAll(/\s+/g, ' ');

describe('the text of an explanation', () => {
  it('is for every sample as it is written down', () => {
    const texts = (text: string): string[] => text.split(/^#### /m).slice(1);
    const known = texts(readFileSync(golden, 'utf8'));
    for (const [index, text] of texts(whole).entries()) assert.equal(text, known[index]);
    assert.equal(known.length, entries.length);
  });

  for (const [name, explanation] of entries) {
    it(`${name}: its first lines name outcome, layer and reason`, () => {
      const [head = ''] = formatExplanation(explanation, plain).split('\n\n');
      const outcome = { deliver: 'delivered', defer: 'not delivered now: it waits', refuse: 'refused' };
      const text = unwrapped(head);
      assert.ok(text.startsWith(`Mail to ${explanation.domain}: ${outcome[explanation.decision]}`), text);
      const { by, because } = explanation;
      assert.ok(text.includes(by === null ? 'decided by: no layer, but DNS: ' : `decided by: ${by}`), text);
      assert.ok(text.endsWith(`why: ${unwrapped(because)}`), text);
    });

    it(`${name}: all problems and remedies are in it, and no command is broken`, () => {
      const text = formatExplanation(explanation, plain);
      const { problems } = explanation;
      assert.equal(/what to do: nothing\./.test(unwrapped(text)), problems.length === 0);
      for (const { says, fix } of problems) {
        assert.ok(unwrapped(text).includes(unwrapped(says)), says);
        for (const one of fix) {
          assert.ok(unwrapped(text).includes(unwrapped(one.do)), one.do);
          if (one.command !== null) assert.match(text, new RegExp(`^ +${escaped(one.command)}$`, 'm'));
        }
      }
    });

    it(`${name}: no line is wider than the terminal, but for what cannot be broken`, () => {
      for (const width of [60, 100]) {
        const lines = formatExplanation(explanation, { ...plain, width }).split('\n');
        const wide = lines.filter((line) => line.length > width && !/^ +\S*$|^ +waxwing /.test(line));
        assert.deepEqual(wide, []);
      }
    });
  }

  it('colours what counts, and nothing else changes', () => {
    for (const [, explanation] of entries) {
      const coloured = formatExplanation(explanation, { ...plain, colour: true });
      // oxlint-disable-next-line eslint/no-control-regex -- the escapes of colours are what is looked for
      assert.equal(coloured.replaceAll(/\x1b\[[0-9]+m/g, ''), formatExplanation(explanation, plain));
      const word = { deliver: 'delivered', defer: 'not delivered now', refuse: 'refused' };
      const code = { deliver: 32, defer: 33, refuse: 31 };
      const { decision } = explanation;
      assert.ok(coloured.includes(`\x1b[${code[decision]}m${word[decision]}\x1b[0m`));
    }
  });

  it('shows an international name beside its one spelling, where the terminal can', () => {
    const explanation: Explanation = { ...toExplanation(samples.plain), domain: 'xn--bcher-kva.example' };
    const head = (unicode: boolean): string =>
      formatExplanation(explanation, { ...plain, unicode }).split('\n')[0] ?? '';
    assert.match(head(true), /^Mail to xn--bcher-kva\.example \(bücher\.example\): delivered/);
    assert.match(head(false), /^Mail to xn--bcher-kva\.example: delivered/);
  });

  it('lets nothing that others wrote move the cursor', () => {
    const way = { kind: 'null', because: 'evil \x1b[2J\r\n text' } as const;
    const text = formatExplanation(toExplanation(explained(factsOf({ way, hosts: [] }))), plain);
    assert.ok(unwrapped(text).includes('why: evil [2J text'), text);
    assert.ok(!text.includes('\x1b'));
  });

  it('counts the hosts that are not tried', () => {
    const explanation = toExplanation(samples.plain);
    const further = { ...explanation, way: { ...explanation.way, further: 3 } };
    assert.match(formatExplanation(further, plain), /^ {2}and 3 more, which are not tried/m);
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
