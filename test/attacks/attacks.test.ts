/** Every known class of attacks on every protocol in every role: ours withstands it, and a weak twin does not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { attacks } from './attacks.ts';
import { withstood } from './cell.ts';
import { serverControls } from './defender.ts';
import { attackTable } from './table.ts';
import { controls } from './victim.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'attacks.md'), 'utf8');

describe('docs/attacks.md', () => {
  it('has the table of what is tried here (written by test/attacks/run.ts --write)', () => {
    assert.ok(page.includes(attackTable(attacks)), 'renew it');
  });

  for (const { name } of attacks) {
    it(`says of ${name} what prevents it, and names the test`, () => {
      const links = page.split(`[${name}](../test/attacks/classes/${name}.ts)`).length - 1;
      const rows = page.split(`| [${name}](`).length - 1;
      assert.ok(links > rows, 'it stands in the table alone');
    });
  }
});

describe('without an attack', { concurrency: 24 }, () => {
  for (const { role, protocol, ours, twin } of [...controls(), ...serverControls()]) {
    it(`${protocol}, ${role}: ours gets through, and so does the twin`, async () => {
      assert.equal(await ours(), 'through');
      assert.equal(await twin(), 'through');
    });
  }
});

for (const { name, cells } of attacks) {
  describe(name, { concurrency: 24 }, () => {
    for (const { role, protocol, how, ours, twin, sound } of cells) {
      it(`${protocol}, ${role}: ${how}`, async () => {
        assert.deepEqual(await ours(), { kind: 'withstood' });
        const convicted = await twin();
        assert.equal(convicted.kind, 'hit', `the twin is not convicted: ${JSON.stringify(convicted)}`);
        const without = (await sound?.()) ?? withstood;
        assert.equal(
          without.kind,
          'withstood',
          `without its weakness the twin is convicted too: ${JSON.stringify(without)}`,
        );
      });
    }
  });
}
