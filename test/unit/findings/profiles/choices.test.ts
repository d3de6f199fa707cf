import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { builtIn } from '../../../../src/findings/profiles/built-in.ts';
import { choiceNames, meansChoice } from '../../../../src/findings/profiles/choices.ts';
import { facets, type Test } from '../../../../src/findings/profiles/profile.ts';

describe('choices of a table of levels', () => {
  it('are all of those that come with the program', () => {
    const tests = builtIn.flatMap(({ requirements }) => requirements.map(({ test }) => test));
    const simple = tests.flatMap((test: Test) => ('of' in test ? test.of : [test]));
    let count = 0;
    for (const test of simple) {
      if (test.kind !== 'levels') continue;
      for (const choice of Object.values(test.table).flat()) {
        count += 1;
        assert.ok(meansChoice(test.facet, choice), `${test.facet} ${choice}`);
      }
    }
    assert.ok(count > 100);
  });

  it('are each name that there is, and any beginning of one', () => {
    for (const facet of facets)
      for (const name of choiceNames(facet)) {
        assert.ok(meansChoice(facet, name.toLowerCase()), name);
        assert.ok(meansChoice(facet, `${name.slice(0, 3)}*`), name);
      }
  });

  const right = [
    ['key', ['RSA>=3072', 'rsa>=1', 'RSA 2048', 'RSA *', 'EC *', '*', 'Ed*']],
    ['group', ['DH>=3000', 'DH 1024', 'x25519*', '0x11EC']],
    ['suite', ['0xC02F', 'TLS_*_GCM_*']],
  ] as const;
  for (const [facet, choices] of right)
    it(`of ${facet} are ${choices.join(', ')}`, () => {
      for (const choice of choices) assert.ok(meansChoice(facet, choice), choice);
    });

  const wrong = [
    ['key', ['RSA>=abc', 'RSA>=', 'RSA', 'EC>=256', 'EC nope', 'EC P-256', 'secp256r1', '']],
    ['group', ['RSA>=3072', 'DH', 'P-256', '0x1']],
    ['version', ['TLS1.3', 'TLSv1.4', 'TLSv1.2>=1']],
    ['suite', ['ECDHE-RSA-AES128-GCM-SHA256', 'TLS_AES_512_*']],
    ['signature', ['SHA-256', 'sha9*']],
  ] as const;
  for (const [facet, choices] of wrong)
    it(`of ${facet} are not ${choices.join(', ')}`, () => {
      for (const choice of choices) assert.ok(!meansChoice(facet, choice), choice);
    });
});
