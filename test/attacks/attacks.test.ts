/** Every known class of attacks on every protocol in every role; those that no other file here has are tried here. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { attacks } from './attacks.ts';
import { attempt } from './attempt.ts';
import { AT_ONCE } from './cell.ts';
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

describe('without an attack', { concurrency: AT_ONCE }, () => {
  for (const { role, protocol, ours, twin } of [...controls(), ...serverControls()]) {
    it(`${protocol}, ${role}: ours gets through, and so does the twin`, async () => {
      assert.equal(await ours(), 'through');
      assert.equal(await twin(), 'through');
    });
  }
});

const elsewhere = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.test.ts') && file !== 'attacks.test.ts')
  .map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'));

attempt(attacks.filter(({ name }) => !elsewhere.some((file) => file.includes(`'./classes/${name}.ts'`))));
