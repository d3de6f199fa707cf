import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { failing, lineAnswer } from '../../../../src/policies/answers/line.ts';
import type { HostFacts } from '../../../../src/policies/dane/hosts.ts';
import type { Rules } from '../../../../src/policies/demand.ts';
import {
  byMx,
  factsOf,
  hostWith,
  hostWithout,
  nameOf,
  overrideOf,
  stsOf,
  type Told,
} from '../../../support/destinations.ts';

const may: Rules = { route: undefined, defaultLevel: 'may' };
const mx1 = 'mx1.example.test';
const mx2 = 'mx2.example.test';

/** Takes the line apart as Exim's ${extract{name}{…}} does. */
function read(line: string): ReadonlyMap<string, string> {
  assert.match(line, /^[ -~]+$/);
  const values = new Map<string, string>();
  let rest = line;
  while (rest !== '') {
    const [all, name = '', quoted, bare = ''] = /^(\w+)=(?:"([^"\\]*)"|([^" ]+))(?: |$)/.exec(rest) ?? [''];
    assert.notEqual(all, '', rest);
    values.set(name, quoted ?? bare);
    rest = rest.slice(all.length);
  }
  return values;
}

function shown(told: Told, rules: Rules = may): string {
  const values = read(lineAnswer(factsOf(told), rules));
  assert.ok((values.get('because') ?? '') !== '');
  return `${values.get('result')} ${['mx', 'tls'].map((name) => values.get(name) ?? '?').join(' | ')}`;
}

const nothing = '? | ?';
const cases: readonly (readonly [title: string, told: Told, answer: string])[] = [
  ['nobody asks for anything', {}, `deliver ${mx1} | ${mx1}=may`],
  [
    'DANE at one host, nothing at the other',
    { hosts: [hostWith(mx1, 'usable'), hostWith(mx2, 'absent')] },
    `deliver ${mx1}:+:${mx2} | ${mx1}=dane ${mx2}=may`,
  ],
  [
    'DANE at one host, MTA-STS at the other: each is asked for its own',
    { hosts: [hostWith(mx1, 'usable'), hostWith(mx2, 'absent')], sts: stsOf('enforce', mx2) },
    `deliver ${mx1}:+:${mx2} | ${mx1}=dane ${mx2}=verify`,
  ],
  [
    'RFC 8461 §4.1: a host that the policy does not list is not named',
    {
      way: byMx('insecure', mx1, mx2),
      hosts: [hostWith(mx1, 'absent'), hostWith(mx2, 'absent')],
      sts: stsOf('enforce', mx2),
    },
    `deliver ${mx2} | ${mx2}=verify`,
  ],
  ['no host is listed', { sts: stsOf('enforce', mx2) }, `defer ${nothing}`],
  [
    'records that authenticate nobody',
    { hosts: [hostWith(mx1, 'unusable')] },
    `deliver ${mx1} | ${mx1}=encrypt`,
  ],
  [
    'a host whose records cannot be learnt is not named',
    { hosts: [hostWith(mx1, 'unknown'), hostWith(mx2, 'absent')] },
    `deliver ${mx2} | ${mx2}=may`,
  ],
  [
    'nor one without an address',
    { hosts: [hostWithout(mx1, 'absent'), hostWith(mx2, 'absent')] },
    `deliver ${mx2} | ${mx2}=may`,
  ],
  [
    'the MX records cannot be learnt',
    { way: { kind: 'unknown', because: 'a "timeout"' }, hosts: [] },
    `defer ${nothing}`,
  ],
  [
    'no such domain',
    { way: { kind: 'no-such-domain', because: 'of the test' }, hosts: [] },
    `refuse ${nothing}`,
  ],
  ['an override that wants no TLS', { override: overrideOf('off') }, `deliver ${mx1} | ${mx1}=off`],
  ['an override that raises', { override: overrideOf('encrypt') }, `deliver ${mx1} | ${mx1}=encrypt`],
  [
    'one that wants a proof of a host that a signed answer names',
    { override: overrideOf('authenticate') },
    `deliver ${mx1} | ${mx1}=verify`,
  ],
  [
    'the same out of unsigned DNS: such a client would take the name that the path has chosen',
    { way: byMx('insecure', mx1), override: overrideOf('authenticate') },
    `defer ${nothing}`,
  ],
];

describe('a decision on one line', () => {
  for (const [title, told, answer] of cases) it(title, () => assert.equal(shown(told), answer));

  it('RFC 5321 §5.1: hosts of one preference are one group, within which the client chooses', () => {
    const hosts = [mx1, mx2, 'mx3.example.test'].map((host) => hostWith(host, 'absent'));
    const facts = factsOf({ hosts });
    const [first, ...others] = facts.hosts;
    assert.ok(first !== undefined);
    const equal = others.map((one) => ({ ...one, preference: 20 }));
    const line = lineAnswer({ ...facts, hosts: [{ ...first, preference: 10 }, ...equal] }, may);
    assert.equal(read(line).get('mx'), `${mx1}:+:${mx2}:mx3.example.test`);
  });

  it('a host that is an alias has its word under both names', () => {
    const aliased = (owner: string, host = mx1, tlsa: 'usable' | 'absent' = 'usable'): HostFacts => {
      const facts = hostWith(host, tlsa);
      return facts.kind === 'found' ? { ...facts, owner: nameOf(owner) } : facts;
    };
    const tls = (...hosts: readonly HostFacts[]): string | undefined =>
      read(lineAnswer(factsOf({ hosts }), may)).get('tls');
    const end = 'end.example.test';
    assert.equal(tls(aliased(end)), `${mx1}=dane ${end}=dane`);
    assert.equal(
      tls(aliased(mx2), hostWith(mx2, 'absent')),
      `${mx2}=may`,
      'by a name that has a word of its own Exim would ask for less',
    );
    assert.equal(tls(aliased(mx2), hostWith(mx2, 'usable')), `${mx1}=dane ${mx2}=dane`);
    assert.equal(
      tls(aliased(end), aliased(end, mx2, 'absent')),
      `${mx1}=dane ${mx2}=may ${end}=verify`,
      'of two words the strictest that there is',
    );
  });

  it('a line that broke off has no result', () => {
    const line = lineAnswer(factsOf({ hosts: [hostWith(mx1, 'usable')] }), may);
    assert.match(line, / result=deliver$/);
    for (let length = 0; length < line.length; length += 1)
      assert.doesNotMatch(line.slice(0, length), / result=deliver$/);
  });

  it('words of others end nothing', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('defer', 'refuse', 'none'), (because, result) => {
        const values = read(failing(result, `x${because}`));
        assert.deepEqual([...values.keys()], ['because', 'result']);
        assert.equal(values.get('result'), result);
      }),
    );
  });
});
