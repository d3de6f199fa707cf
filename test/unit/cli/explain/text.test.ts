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
const schedule = { giveUpAfterMs: 5 * 86_400_000, onBlocked: 'hold' } as const;
const golden = join(import.meta.dirname, 'texts.txt');
const entries = Object.entries(samples).map(([name, sample]) => [name, toExplanation(sample)] as const);
const whole = entries
  .map(([name, one]) => `#### ${name}\n${formatExplanation(one, schedule, plain)}`)
  .join('\n');
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
      const [head = ''] = formatExplanation(explanation, schedule, plain).split('\n\n');
      const outcome = { deliver: 'delivered', defer: 'not delivered now: it waits', refuse: 'refused' };
      const text = unwrapped(head);
      assert.ok(text.startsWith(`Mail to ${explanation.domain}: ${outcome[explanation.decision]}`), text);
      const { by, because } = explanation;
      assert.ok(text.includes(by === null ? 'decided by: no layer, but DNS: ' : `decided by: ${by}`), text);
      assert.ok(text.endsWith(`why: ${unwrapped(because)}`), text);
    });

    it(`${name}: all problems and remedies are in it, and no command is broken`, () => {
      const text = formatExplanation(explanation, schedule, plain);
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
        const lines = formatExplanation(explanation, schedule, { ...plain, width }).split('\n');
        const wide = lines.filter((line) => line.length > width && !/^ +\S*$|^ +waxwing /.test(line));
        assert.deepEqual(wide, []);
      }
    });
  }

  it('colours what counts, and nothing else changes', () => {
    for (const [, explanation] of entries) {
      const coloured = formatExplanation(explanation, schedule, { ...plain, colour: true });
      // oxlint-disable-next-line eslint/no-control-regex -- the escapes of colours are what is looked for
      const bare = coloured.replaceAll(/\x1b\[[0-9]+m/g, '');
      assert.equal(bare, formatExplanation(explanation, schedule, plain));
      const word = { deliver: 'delivered', defer: 'not delivered now', refuse: 'refused' };
      const code = { deliver: 32, defer: 33, refuse: 31 };
      const { decision } = explanation;
      assert.ok(coloured.includes(`\x1b[${code[decision]}m${word[decision]}\x1b[0m`));
    }
  });

  it('shows an international name beside its one spelling, where the terminal can', () => {
    const explanation: Explanation = { ...toExplanation(samples.plain), domain: 'xn--bcher-kva.example' };
    const head = (unicode: boolean): string =>
      formatExplanation(explanation, schedule, { ...plain, unicode }).split('\n')[0] ?? '';
    assert.match(head(true), /^Mail to xn--bcher-kva\.example \(bücher\.example\): delivered/);
    assert.match(head(false), /^Mail to xn--bcher-kva\.example: delivered/);
  });

  it('lets nothing that others wrote move the cursor', () => {
    const way = { kind: 'null', because: 'evil \x1b[2J\r\n text' } as const;
    const text = formatExplanation(toExplanation(explained(factsOf({ way, hosts: [] }))), schedule, plain);
    assert.ok(unwrapped(text).includes('why: evil [2J text'), text);
    assert.ok(!text.includes('\x1b'));
  });

  const text = (
    name: keyof typeof samples,
    given: Parameters<typeof formatExplanation>[1] = schedule,
  ): string => unwrapped(formatExplanation(toExplanation(samples[name]), given, plain));

  it('names each layer where hosts differ, and none that did not decide', () => {
    assert.match(
      text('mixed'),
      /decided by: dane at mx1\.example\.test \([^)]*\); default at mx2\.example\.test/,
    );
    assert.match(text('tlsaBogus'), /decided by: dane, which forbids a host while it is not proven/);
    assert.doesNotMatch(text('tlsaBogus'), /proven by DNSSEC why:/);
  });

  it('says at which age mail that waits is returned', () => {
    assert.match(text('notListed'), /returned to its sender after 5 days \(relay\.give_up_after\)/);
    const hours = { ...schedule, giveUpAfterMs: 36 * 3_600_000 };
    assert.match(text('notListed', hours), /returned to its sender after 36 hours/);
    assert.match(text('notListed', { ...schedule, giveUpAfterMs: 3_600_000 }), /after 1 hour \(/);
    assert.match(text('notListed', { ...schedule, giveUpAfterMs: 1000 }), /after 1 second \(/);
    assert.match(text('dane', hours), /the mail is held and tried again, and returned .* after 36 hours\./);
  });

  it('says so where blocked mail does not wait', () => {
    const bounced = { ...schedule, onBlocked: 'bounce' } as const;
    assert.match(
      text('notListed', bounced),
      /rules out every mail host, .* returned to its sender at once \(on_blocked\)/,
    );
    assert.match(text('tlsaBogus', bounced), /it waits, /, 'an answer that is missing blocks nothing');
    assert.match(text('dane', bounced), /the mail is returned to its sender at once/);
    assert.match(text('dane', { ...schedule, onBlocked: 'drop' }), /the mail is given up without a word/);
  });

  it('speaks of a first contact only where a policy could be hidden', () => {
    assert.match(text('firstContact'), /First contact: no MTA-STS policy .* could be hiding one/);
    assert.match(text('firstPolicy'), /First contact: the policy of example\.test is not remembered yet/);
    for (const name of ['dane', 'firstContactSigned', 'plain', 'enforced'] as const)
      assert.doesNotMatch(text(name), /First contact/);
  });

  it('a policy that asks for nothing has the mark of one that is absent', () => {
    assert.match(text('testing'), / o sts: found /);
    assert.match(text('enforced'), / \+ sts: found /);
    assert.match(text('recordUnknown'), / \? sts: unknown /);
  });

  it('says the price of every override that requires TLS', () => {
    for (const [name, explanation] of entries) {
      const all = explanation.problems.flatMap(({ fix }) => fix);
      for (const { do: words, command } of all)
        if (command?.includes(' encrypt ') === true)
          assert.match(words, /stands in place of every policy .* any certificate is taken\.$/, name);
    }
  });

  it('says that mail which waits for the memory is not given up for that', () => {
    const [, remembered] = entries.find(([name]) => name === 'fallenShort') ?? assert.fail();
    for (const onBlocked of ['hold', 'bounce', 'drop'] as const) {
      const said = unwrapped(formatExplanation(remembered, { ...schedule, onBlocked }, plain));
      assert.match(said, /the mail is held and tried again, until the TLS is there or the memory gives way/);
    }
  });

  it('counts the hosts that are not tried', () => {
    const explanation = toExplanation(samples.plain);
    const further = { ...explanation, way: { ...explanation.way, further: 3 } };
    assert.match(formatExplanation(further, schedule, plain), /^ {2}and 3 more, which are not tried/m);
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
