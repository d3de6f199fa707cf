import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import type { Lookup } from '../../../src/net/dns.ts';
import { checkIdentity } from '../../../src/relay/identity-check.ts';
import { absent, found } from '../../support/lookup.ts';

function named(text: string): Domain {
  const parsed = parseDomain(text);
  assert.equal(parsed.kind, 'ok');
  return parsed.value;
}

const NAME = 'relay.waxwing.org';
const OTHER = 'host7.provider.org';
const V4 = '198.51.100.7';
const V6 = '2001:db8::7';

type Names = readonly string[] | 'unknown';

interface World {
  /** What the name leads to. */
  readonly leadsTo?: Names;
  /** What each address is called. */
  readonly called?: Readonly<Record<string, Names>>;
  readonly own?: readonly string[];
  readonly name?: string;
}

function lookup<Value>(names: Names | undefined, read: (text: string) => Value): Lookup<readonly Value[]> {
  if (names === 'unknown') return { kind: 'unknown', because: 'no answer' };
  return names === undefined ? absent('no-such-name') : found(names.map(read));
}

async function check({
  leadsTo,
  called = {},
  own = [V4],
  name = NAME,
}: World): Promise<[string | undefined, string[]]> {
  const asked: string[] = [];
  const warning = await checkIdentity(
    { name: named(name), addresses: own },
    {
      addresses: (host) => {
        asked.push(host);
        return Promise.resolve(lookup(leadsTo, String));
      },
      reverse: (address) => {
        asked.push(address);
        return Promise.resolve(lookup(called[address], named));
      },
    },
  );
  return [warning, asked];
}

describe('nothing is wrong', () => {
  const cases: readonly (readonly [string, World])[] = [
    ['where name, address and PTR agree', { leadsTo: [V4], called: { [V4]: [NAME] } }],
    ['where the address has further names', { leadsTo: [V4], called: { [V4]: [OTHER, NAME] } }],
    ['in both families', { leadsTo: [V6, V4], called: { [V4]: [NAME], [V6]: [NAME] }, own: [V4, V6] }],
    [
      'with an address of another host beside ours, whose PTR is not our business',
      { leadsTo: ['198.51.100.8', V4], called: { [V4]: [NAME] } },
    ],
    [
      'behind an address translator',
      { leadsTo: [V4], called: { [V4]: [NAME] }, own: ['10.0.0.5', 'fe80::1'] },
    ],
    ['behind one for IPv4 alone', { leadsTo: [V4], called: { [V4]: [NAME] }, own: ['192.168.0.5', V6] }],
    ['where DNS does not answer', { leadsTo: 'unknown' }],
    ['where DNS does not answer about the PTR', { leadsTo: [V4], called: { [V4]: 'unknown' } }],
  ];
  for (const [why, world] of cases) {
    it(why, async () => assert.equal((await check(world))[0], undefined));
  }

  for (const name of [
    'relay',
    'localhost',
    'relay.example.test',
    'relay.lan',
    'relay.internal',
    'a.example',
  ]) {
    it(`with ${name}, which is no public name, and nobody is asked`, async () => {
      assert.deepEqual(await check({ name }), [undefined, []]);
    });
  }
});

describe('a warning says what to change', () => {
  const cases: readonly (readonly [string, World, RegExp])[] = [
    [
      'where the name has no address',
      {},
      /relay\.waxwing\.org, which has no address: give it an A or AAAA record/,
    ],
    [
      'where the name leads to another host',
      { leadsTo: ['198.51.100.8'] },
      /leads to 198\.51\.100\.8, and this host connects from 198\.51\.100\.7: let the name lead here, or set hostname/,
    ],
    [
      'where the address has no PTR',
      { leadsTo: [V4] },
      /198\.51\.100\.7 has no name \(PTR\): have whoever gave you the address set it to relay\.waxwing\.org$/,
    ],
    [
      'where the PTR is another name',
      { leadsTo: [V4], called: { [V4]: [OTHER] } },
      /198\.51\.100\.7 is called host7\.provider\.org \(PTR\): have that set to relay\.waxwing\.org, or set hostname to host7/,
    ],
    [
      'where only one family is right',
      { leadsTo: [V6, V4], called: { [V4]: [NAME] }, own: [V4, V6] },
      /2001:db8::7 has no name/,
    ],
    [
      'where the address of an address translator has no PTR',
      { leadsTo: [V4], own: ['10.0.0.5'] },
      /198\.51\.100\.7 has no name/,
    ],
  ];
  for (const [why, world, message] of cases) {
    it(why, async () => assert.match((await check(world))[0] ?? '', message));
  }
});
