/** Answers to a Postfix that looks up by itself what somebody has kept from us. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { postfixAnswer } from '../../../../src/policies/answers/postfix.ts';
import { decideAll } from '../../../../src/policies/combine.ts';
import type { HostFacts } from '../../../../src/policies/dane/hosts.ts';
import type { Rules } from '../../../../src/policies/demand.ts';
import type { DestinationFacts } from '../../../../src/policies/destination.ts';
import { byMx, factsOf, hostWith, hostWithout, nameOf } from '../../../support/destinations.ts';
import { listOf } from '../../../support/lists.ts';
import { expected, memoryWith } from '../../../support/tracks.ts';

const may: Rules = { route: undefined, defaultLevel: 'may' };
const mx1 = 'mx1.example.test';
const mx2 = 'mx2.example.test';
const proven = expected({ host: nameOf(mx2), level: 'authenticate', proof: 'name' });

describe('an answer in the words of Postfix, where something could not be learnt', () => {
  it('what comes to Postfix and was kept from us is asked for no less than the decision has it', () => {
    const about: readonly (readonly [Partial<DestinationFacts>, Rules])[] = [
      [{}, may],
      [{}, { ...may, defaultLevel: 'encrypt' }],
      [{ list: listOf('enforce', mx1, mx2) }, may],
      [{ list: listOf('enforce', mx1) }, may],
      [{ memory: memoryWith('enforce', expected({ host: null })) }, may],
      [{ memory: memoryWith('enforce', expected({ host: nameOf(mx2) })) }, may],
      [{ memory: memoryWith('enforce', proven) }, may],
    ];
    let looked = 0;
    for (const way of [byMx('insecure', mx1, mx2), byMx('secure', mx1, mx2)])
      for (const first of hostsLike(mx1))
        for (const second of hostsLike(mx2))
          for (const [change, rules] of about)
            for (const use of ['with', 'without'] as const) {
              const known = { ...factsOf({ way, hosts: [first, second] }), ...change };
              const answer = postfixAnswer(known, rules, use);
              if (answer.kind !== 'absent' && !(answer.kind === 'level' && answer.level === 'dane')) continue;
              const found = known.hosts.map(({ preference, facts }) => ({ preference, facts: bare(facts) }));
              const { hosts } = decideAll({ ...known, hosts: found }, rules);
              const asked = hosts.filter((_, index) => found[index]?.facts !== known.hosts[index]?.facts);
              looked += asked.length;
              assert.ok(
                asked.every((host) => host.kind === 'use' && host.decision.requires === 'none'),
                JSON.stringify({ known, rules, use, answer }),
              );
            }
    assert.ok(looked > 50, `${looked}`);
  });
});

function hostsLike(name: string): readonly HostFacts[] {
  const known = (['usable', 'unusable', 'absent', 'unknown'] as const).map((one) => hostWith(name, one));
  return [...known, hostWithout(name, 'absent'), hostWithout(name, 'unknown')];
}

/** What could not be learnt comes after all, and there are no TLSA records. */
function bare(host: HostFacts): HostFacts {
  const isKnown = host.kind === 'absent' || (host.kind === 'found' && host.tlsa.kind !== 'unknown');
  return isKnown ? host : hostWith(host.host, 'absent');
}
