import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Explained } from '../../../../src/cli/explain/explained.ts';
import { toExplanation } from '../../../../src/cli/explain/explanation.ts';
import { demandOf } from '../../../../src/cli/explain/words.ts';
import { explanationSchema } from '../../../../src/events/explanation.ts';
import { decideAll } from '../../../../src/policies/combine.ts';
import { type ListFacts, listFor } from '../../../../src/policies/list/facts.ts';
import { byMx, DOMAIN, factsOf, hostWith } from '../../../support/destinations.ts';
import { DAY, keptOf, listOf, NOON } from '../../../support/lists.ts';
import { samples } from './samples.ts';

const [mx1, mx2] = ['mx1.example.test', 'mx2.example.test'];

function explained(
  list: ListFacts | undefined,
  ...hosts: readonly string[]
): ReturnType<typeof toExplanation> {
  const { finding, ...rest } = samples.plain;
  if (finding.kind !== 'looked-up') assert.fail();
  const facts = factsOf({
    way: byMx('insecure', ...hosts),
    hosts: hosts.map((host) => hostWith(host, 'absent')),
    ...(list === undefined ? {} : { list }),
  });
  const verdict = decideAll(facts, rest.rules);
  const one: Explained = { ...rest, finding: { ...finding, facts, verdict, unruled: verdict } };
  return explanationSchema.parse(toExplanation(one));
}

function layer(list: ListFacts | undefined, ...hosts: readonly string[]): string {
  const found = explained(list, ...hosts).layers.find((one) => one.layer === 'list');
  return found === undefined ? 'none' : `${found.state}: ${found.says}; ${found.because}`;
}

/** What is wrong, with who does something. */
function problems(list: ListFacts, ...hosts: readonly string[]): string[] {
  return explained(list, ...hosts)
    .problems.filter(({ says }) => says.includes('policy list'))
    .map(({ says, fix }) => `${fix.map(({ who }) => who).join(', ')}: ${says}`);
}

const expired = listFor(DOMAIN, keptOf('enforce', mx1), NOON + 14 * DAY);

describe('the layer of the policy list', () => {
  it('is not there where no list is used', () => assert.equal(layer(undefined, mx1), 'none'));

  it('stands behind MTA-STS, before the memory', () => {
    const names = explained(listOf('enforce', mx1), mx1).layers.map((one) => one.layer);
    assert.deepEqual(names, ['override', 'dane', 'sts', 'list', 'memory', 'default']);
  });

  it('says what the list asks for', () => {
    const strict =
      'only the hosts mx1.example.test, over TLS, with a certificate that is valid for the name of the host';
    const because = (mode: string): string =>
      `the policy list names example.test: ${mode}, mxs mx1.example.test`;
    assert.equal(
      layer(listOf('enforce', mx1), mx1),
      `found: ${strict} (mode enforce); ${because('enforce')}`,
    );
    assert.equal(
      layer(listOf('testing', mx1), mx1),
      `found: nothing for now (mode testing); with enforce: ${strict}; ${because('testing')}`,
    );
    assert.equal(
      layer(listOf('none'), mx1),
      'found: nothing (mode none); the policy list names example.test: none',
    );
  });

  it('is absent where its time is over, where there is none, and where it does not name the domain', () => {
    assert.equal(
      layer(expired, mx1),
      'absent: nothing; the policy list ended at 2026-12-12T12:00:00Z, and no newer one could be had',
    );
    const none = listFor(DOMAIN, { head: undefined, listed: undefined }, NOON);
    assert.equal(
      layer(none, mx1),
      'absent: nothing; no policy list that one of list.keys has signed was accepted so far',
    );
  });

  it('decides: by list, with what a delivery has to show', () => {
    const { by, decision, mx } = explained(listOf('enforce', mx1), mx1);
    assert.deepEqual(
      [by, decision, mx[0]?.requires, mx[0]?.match],
      ['list', 'deliver', 'authenticate', [mx1]],
    );
    const [host] = mx;
    assert.match(host === undefined ? '' : demandOf(host), /only to a host that the policy list names/);
  });
});

describe('problems with the policy list', () => {
  it('it has ended', () => {
    assert.deepEqual(problems(expired, mx1), [
      'sender: The policy list ended at 2026-12-12T12:00:00Z, and no newer one could be had: nothing of it protects mail any more.',
    ]);
  });

  it('DNS names a host that the list does not name: no mail goes, or it goes to the others', () => {
    const [held] = problems(listOf('enforce', mx2), mx1);
    assert.match(
      held ?? '',
      /^domain-owner, sender: The policy list \(enforce\) names mx2\.example\.test for example\.test, but DNS names mx1\.example\.test, which is not among them/,
    );
    const { fix } = explained(listOf('enforce', mx2), mx1).problems[0] ?? assert.fail();
    assert.equal(fix[1]?.command, 'waxwing policy override example.test encrypt --until 2d --reason "…"');
    const [other] = problems(listOf('enforce', mx2), mx1, mx2);
    assert.match(other ?? '', /^domain-owner, sender: /);
    assert.match(
      explained(listOf('enforce', mx2), mx1, mx2).problems[0]?.fix[1]?.do ?? '',
      /goes to the other hosts/,
    );
  });

  it('none where all is as it should be, or it asks for nothing', () => {
    for (const list of [listOf('enforce', mx1), listOf('testing', mx2), listOf('none')])
      assert.deepEqual(problems(list, mx1), []);
  });
});
