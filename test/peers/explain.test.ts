/** What `waxwing explain` says of the domains of the lab, and of one whose policy is known while somebody lies about it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import { type Explanation, explanationSchema } from '../../src/events/explanation.ts';
import { openDataFolder } from '../../src/store/data-folder.ts';
import { openPolicies } from '../../src/store/open-policies.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import { about, fail, forgeNoName, type Lie, spoof, stripSignatures } from '../lab/mitm/lies.ts';
import { rdata } from '../lab/mitm/packet.ts';
import { domain } from '../support/relay.ts';
import { type Run, waxwing } from '../unit/cli/control-peer.ts';
import { stsEntry } from './support/sts-entry.ts';

const labTest = labTests();

interface Place {
  readonly resolver?: string;
  readonly data?: string;
}

function run(lab: Lab, { resolver, data = '/none' }: Place, ...words: readonly string[]): Promise<Run> {
  const where = ['--resolver', resolver ?? lab.resolver.address, '--data', data];
  const trust = ['--trust-anchor', lab.anchorFile, '--ca', lab.authorityFile];
  return waxwing(['explain', ...words, ...where, ...trust]);
}

async function explained(lab: Lab, at: Place, name: string): Promise<Explanation> {
  const { stdout, stderr } = await run(lab, at, name, '--json');
  assert.equal(stderr, '');
  return explanationSchema.parse(JSON.parse(stdout));
}

const codes = { deliver: 0, refuse: 1, defer: 3 } as const;

/** The hosts as `usable requires by`, and what the first problem begins with; none where nothing is wrong. */
type Row = readonly [
  name: string,
  decision: Explanation['decision'],
  by: Explanation['by'],
  hosts: readonly string[],
  problem?: RegExp,
];

const rows: readonly Row[] = [
  ['dane-ee.test', 'deliver', 'dane', ['use authenticate dane']],
  ['dane-ta.test', 'deliver', 'dane', ['use authenticate dane']],
  ['dane-host-alias.test', 'deliver', 'dane', ['use authenticate dane']],
  ['implicit.test', 'deliver', 'dane', ['use authenticate dane']],
  ['dane-mixed.test', 'deliver', 'dane', ['use authenticate dane', 'use none default'], /^mx1\.dane-mixed/],
  ['half-dane.test', 'deliver', 'dane', ['use authenticate dane'], /are not signed.*half-DANE/],
  ['dane-pkix.test', 'deliver', 'dane', ['use encrypt dane'], /^All TLSA records/],
  ['dane-bogus.test', 'defer', 'dane', ['avoid authenticate dane'], /^The TLSA records of .* \(bogus\)/],
  ['dane-unproven.test', 'defer', 'dane', ['avoid authenticate dane'], /^The TLSA records of .* \(bogus\)/],
  ['dane-alias-unsigned.test', 'deliver', 'default', ['use none default'], /are not proven \(insecure\)/],
  ['sts.test', 'deliver', 'sts', ['use authenticate sts']],
  ['sts-wildcard.test', 'deliver', 'sts', ['use authenticate sts']],
  ['sts-and-dane.test', 'deliver', 'dane', ['use authenticate dane']],
  ['sts-mismatch.test', 'defer', 'sts', ['avoid authenticate sts'], /does? not list|which is not on it/],
  ['sts-testing.test', 'deliver', 'default', ['use none default'], /mode testing.*does not list/],
  ['sts-none.test', 'deliver', 'default', ['use none default'], /^No policy protects/],
  ['sts-missing.test', 'deliver', 'default', ['use none default'], /cannot be had: .* 404/],
  ['sts-wrong-name.test', 'deliver', 'default', ['use none default'], /cannot be had: .*certificate/],
  ['sts-two-records.test', 'deliver', 'default', ['use none default'], /^The TXT record at _mta-sts/],
  ['mx-bogus.test', 'defer', null, [], /^The MX records of mx-bogus\.test .* \(bogus\)/],
  ['address-bogus.test', 'deliver', 'default', ['avoid none default', 'use none default'], /\(bogus\)/],
  ['no-address.test', 'deliver', 'default', ['avoid none default', 'use none default'], /has no address/],
  ['no-host.test', 'defer', null, ['avoid none default'], /has no address\. No other host/],
  ['null-mx.test', 'refuse', null, [], /takes no mail at all/],
  ['nothing-there.test', 'refuse', null, [], /^There is no domain/],
  ['plain.test', 'deliver', 'default', ['use none default'], /^No policy protects/],
  ['signed-plain.test', 'deliver', 'default', ['use none default'], /^No policy protects/],
];

describe('explain over the lab', () => {
  for (const [name, decision, by, hosts, problem] of rows) {
    labTest(`${name}: ${decision}`, async (lab) => {
      const { stdout, stderr, code } = await run(lab, {}, name, '--json');
      assert.deepEqual([code, stderr], [codes[decision], '']);
      const one = explanationSchema.parse(JSON.parse(stdout));
      assert.deepEqual([one.decision, one.by], [decision, by], one.because);
      assert.deepEqual(
        one.mx.map(({ usable, requires, by: layer }) => `${usable ? 'use' : 'avoid'} ${requires} ${layer}`),
        hosts,
      );
      const [first] = one.problems;
      if (problem === undefined) assert.deepEqual(one.problems, []);
      else assert.match(first?.says ?? '', problem);
    });
  }
});

/** A data folder in which the policy of sts.test is known, which lists its host. */
async function known(t: TestContext): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'waxwing-explain-'));
  t.after(() => rm(data, { recursive: true }));
  const folder = openDataFolder(data);
  const policies = openPolicies(folder);
  policies.sts.put(stsEntry(domain('sts.test'), 'enforce', ['mx.sts.test'], Date.now()));
  policies.close();
  folder.close();
  return data;
}

describe('explain, where a policy is known and somebody on the way lies', () => {
  const record = '_mta-sts.sts.test';
  const attacks: readonly (readonly [what: string, lie: Lie, record: RegExp])[] = [
    ['the record is gone', about({ name: record }, forgeNoName), /there is no TXT record/],
    ['nobody answers for the record', about({ name: record }, fail), /SERVFAIL/],
  ];
  for (const [what, lie, said] of attacks) {
    labTest(`${what}: the policy holds, and it is told why`, async (lab, t) => {
      const mitm = await lab.dnsMitm();
      mitm.tell(lie);
      const one = await explained(lab, { resolver: mitm.address, data: await known(t) }, 'sts.test');
      assert.deepEqual([one.decision, one.by, one.firstContact], ['deliver', 'sts', false]);
      assert.match(one.layers.find(({ layer }) => layer === 'sts')?.because ?? '', said);
      assert.match(one.problems[0]?.says ?? '', /^The policy that is remembered .* cannot be had any more/);
    });
  }

  labTest('the MX records name another host: it must not be used', async (lab, t) => {
    const mitm = await lab.dnsMitm();
    mitm.tell(about({ name: 'sts.test', type: 15 }, spoof(rdata.mx(5, 'mx.plain.test'))));
    const one = await explained(lab, { resolver: mitm.address, data: await known(t) }, 'sts.test');
    assert.deepEqual([one.decision, one.by, one.forbidden], ['defer', 'sts', true]);
    assert.match(one.problems[0]?.says ?? '', /somebody on the path has put this host/);
  });

  labTest('the signatures are gone: nothing is proven, and the resolver is named', async (lab) => {
    const mitm = await lab.dnsMitm();
    mitm.tell(stripSignatures);
    const { code, stdout } = await run(lab, { resolver: mitm.address }, 'dane-ee.test');
    const text = stdout.replaceAll(/\s+/g, ' ');
    assert.equal(code, 0, text);
    assert.match(
      text,
      /^Mail to dane-ee\.test: delivered, over TLS where the host offers it, else in clear\./,
    );
    assert.ok(
      text.includes(`Answers of DNS cannot be proven: ${mitm.address}:53 gives no DNSSEC records`),
      text,
    );
  });
});
