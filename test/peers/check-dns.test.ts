/** What the checks of the DNS find in the zones of the lab, whole and broken in every way, beside what unbound says. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext } from 'node:test';
import { parseAnchors } from '../../src/dns/anchors.ts';
import type { Answer } from '../../src/dns/answer.ts';
import { nameOf as dnsName } from '../../src/dns/name.ts';
import { types } from '../../src/dns/record.ts';
import { isAtLeast } from '../../src/findings/check.ts';
import { type Finding, isProblem } from '../../src/findings/finding.ts';
import { caseOf, learn } from '../../src/findings/learn.ts';
import { caaFindings } from '../../src/findings/rules/caa.ts';
import { dnsFindings } from '../../src/findings/rules/dns.ts';
import { dnssecFindings } from '../../src/findings/rules/dnssec.ts';
import { mxFindings } from '../../src/findings/rules/mx.ts';
import { sendersFindings } from '../../src/findings/rules/senders.ts';
import { tlsrptFindings } from '../../src/findings/rules/tlsrpt.ts';
import { drive, type PolicyHands } from '../../src/lookup/drive.ts';
import { openResolver, type Resolver } from '../../src/net/dns/resolver.ts';
import { parseUpstream } from '../../src/net/dns/upstream.ts';
import { all } from '../../src/policies/look-ups.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import type { Verdict } from '../lab/question.ts';
import { zones } from '../lab/zones.ts';
import { nameOf } from '../support/destinations.ts';
import { observe } from '../support/observations.ts';

const labTest = labTests();
const AT_ONCE = 20;

/** What is found, by the name of the domain. */
type Found = ReadonlyMap<string, readonly Finding[]>;

function resolverOf(lab: Lab, t: TestContext, address = lab.resolvers.plain.address): Resolver {
  const parsed = parseAnchors(lab.anchor);
  const upstream = parseUpstream(address);
  assert.ok(parsed.kind === 'ok' && upstream.kind === 'ok');
  const resolver = openResolver({
    upstreams: [upstream.value],
    dnssec: 'validate',
    whenUnprovable: 'refuse',
    anchors: parsed.anchors,
    sha1: true,
    now: Date.now,
    random: randomBytes,
    timeoutMs: 10_000,
    onNotice: () => {},
  });
  t.after(() => resolver.close());
  return resolver;
}

/** Runs every rule that asks the DNS, as a check does: each question is asked once. */
async function check(resolver: Resolver, name: string): Promise<readonly Finding[]> {
  const asked = new Map<string, Promise<Answer>>();
  const hands: PolicyHands = {
    resolve: (question) => {
      const key = `${question.type} ${question.name}`;
      const answer = asked.get(key) ?? resolver.lookUp(question);
      asked.set(key, answer);
      return answer;
    },
    fetch: () =>
      Promise.resolve({ kind: 'failed', fault: 'dns', because: 'nothing is fetched here', tls: undefined }),
    recall: () => ({ sts: undefined, overrides: [] }),
  };
  const target = { kind: 'domain', domain: nameOf(name) } as const;
  const now = Date.now();
  const facts = await drive(learn(target, { now, jitter: 0, errand: 'delivery' }), hands);
  // Of the addresses of the lab every one was visited, from inside.
  const addresses =
    facts?.hosts.flatMap(({ facts: host }) => (host.kind === 'found' ? host.addresses : [])) ?? [];
  const observations = facts?.hosts.flatMap(({ facts: host }) =>
    addresses.map((address) => observe({ endpoint: { address, serverName: host.host } })),
  );
  const seen = {
    target,
    depth: 'quick',
    intrusive: false,
    observations: observations ?? [],
    skipped: [],
  } as const;
  const theCase = caseOf(seen, facts, now);
  const rules = all([
    dnsFindings(theCase),
    mxFindings(theCase),
    caaFindings(theCase),
    dnssecFindings(theCase),
    sendersFindings(theCase),
    tlsrptFindings(theCase),
  ]);
  return (await drive(rules, hands)).flat();
}

async function checkAll(resolver: Resolver, names: readonly string[]): Promise<Found> {
  const found = new Map<string, readonly Finding[]>();
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const some = names.slice(from, from + AT_ONCE);
    const each = await Promise.all(some.map((name) => check(resolver, name)));
    some.forEach((name, index) => found.set(name, each[index] ?? []));
  }
  return found;
}

function statesOf(found: readonly Finding[], id: string): string {
  return found
    .filter((one) => one.id === id)
    .map(({ state }) => state)
    .join(', ');
}

/** Domain, id and its states there; by each of them one at least of the lab's good domains passes. */
const expected: readonly (readonly [domain: string, id: string, states: string])[] = [
  ['nobody-has-it.test', 'dns.nxdomain', 'fail'],
  ['web-only.test', 'mx.none-implicit-a', 'warn'],
  ['parked.test', 'mx.null', 'pass'],
  ['parked.test', 'parked.unprotected', 'warn'],
  ['parked-well.test', 'parked.unprotected', 'pass'],
  ['mx-null-beside.test', 'mx.null-with-others', 'fail'],
  ['mx-localhost.test', 'mx.localhost', 'fail'],
  ['mx-literal.test', 'mx.ip-literal', 'fail'],
  ['mx-dangling.test', 'mx.dangling', 'pass, fail'],
  ['mx-dangling.test', 'mx.no-address', 'pass, fail'],
  ['no-host.test', 'mx.no-address', 'fail'],
  ['mx-wildcard.test', 'mx.wildcard', 'warn'],
  ['mx-twice.test', 'mx.duplicate', 'warn'],
  ['mx-two.test', 'mx.single', 'pass'],
  ['mx-two.test', 'mx.mixed-providers', 'warn'],
  ['mx-many.test', 'mx.too-many', 'warn'],
  ['mx-token.test', 'mx.provider-token', 'warn'],
  ['dane-host-alias.test', 'mx.cname', 'warn'],
  ['hardened.test', 'caa.missing', 'absent'],
  ['spf-missing.test', 'spf.missing', 'absent'],
  ['spf-two.test', 'spf.multiple', 'fail'],
  ['spf-syntax.test', 'spf.syntax', 'fail'],
  ['spf-lookups.test', 'spf.lookups', 'fail'],
  ['spf-void.test', 'spf.void', 'warn'],
  ['spf-plus-all.test', 'spf.plus-all', 'fail'],
  ['spf-neutral.test', 'spf.neutral', 'warn'],
  ['spf-ptr.test', 'spf.ptr', 'warn'],
  ['dkim-base.test', 'dkim.base-node', 'pass'],
  ['records-good.test', 'dkim.base-node', 'absent'],
  ['dmarc-missing.test', 'dmarc.missing', 'absent'],
  ['dmarc-two.test', 'dmarc.multiple', 'fail'],
  ['dmarc-syntax.test', 'dmarc.syntax', 'fail'],
  ['dmarc-none.test', 'dmarc.none', 'warn'],
  ['dmarc-pct.test', 'dmarc.pct', 'warn'],
  ['dmarc-testing.test', 'dmarc.t-y', 'warn'],
  ['dmarc-elsewhere.test', 'dmarc.rua-unauthorised', 'warn'],
  ['records-good.test', 'dmarc.rua-unauthorised', 'pass'],
  ['bimi.test', 'bimi.missing', 'pass'],
  ['rpt-missing.test', 'tlsrpt.none', 'absent'],
  ['rpt-two.test', 'tlsrpt.multiple', 'fail'],
  ['rpt-syntax.test', 'tlsrpt.syntax', 'fail'],
  ['rpt-no-rua.test', 'tlsrpt.rua-missing', 'fail'],
  ['rpt-scheme.test', 'tlsrpt.rua-scheme', 'fail'],
  ['rpt-undeliverable.test', 'tlsrpt.rua-mail-undeliverable', 'fail'],
  ['rpt-place.test', 'tlsrpt.wrong-place', 'warn'],
  ['rpt-same.test', 'tlsrpt.same-domain-only', 'warn'],
  ['unsigned.test', 'dnssec.unsigned', 'absent'],
  ['no-ds.test', 'dnssec.island', 'warn'],
  ['expired.test', 'dnssec.bogus', 'fail'],
  ['expired.test', 'dnssec.ds-mismatch', 'pass'],
  ['ds-wrong.test', 'dnssec.ds-mismatch', 'fail'],
  ['ds-other-algorithm.test', 'dnssec.ds-mismatch', 'fail'],
  ['ds-unknown-digest.test', 'dnssec.alg-weak', 'warn'],
  ['ds-sha1.test', 'dnssec.alg-weak', 'warn'],
  ['ds-both.test', 'dnssec.alg-weak', 'pass'],
  ['one.test', 'dnssec.nsec3-iterations', 'warn'],
  ['dane-nsec3.test', 'dnssec.nsec3-iterations', 'pass'],
  ['signed-plain.test', 'dnssec.mx-zone-unsigned', 'pass'],
  ['dane-host-unsigned.test', 'dnssec.mx-zone-unsigned', 'warn'],
  ['address-bogus.test', 'dnssec.mx-zone-bogus', 'fail, pass'],
  ['dane-bogus.test', 'dnssec.denial-broken', 'fail'],
  ['dane-unproven.test', 'dnssec.denial-broken', 'fail'],
  ['dane-ee.test', 'dnssec.denial-broken', 'pass'],
  ['dane-ee.test', 'dnssec.ent-nxdomain', 'pass'],
  ['dane-ee.test', 'dnssec.rrsig-expiring', 'pass, pass'],
];

describe('the domains of the lab', () => {
  labTest(`${expected.length} findings that they are made for`, async (lab, t) => {
    const found = await checkAll(resolverOf(lab, t), [...new Set(expected.map(([domain]) => domain))]);
    const told = expected.map(([domain, id]) => [domain, id, statesOf(found.get(domain) ?? [], id)]);
    assert.deepEqual(told, expected);
  });

  labTest('a domain with all that there is has nothing above info', async (lab, t) => {
    const problems = (await check(resolverOf(lab, t), 'hardened.test')).filter(isProblem);
    const above = problems.filter(({ severity }) => isAtLeast(severity, 'low'));
    assert.deepEqual(
      above.map(({ id, evidence }) => `${id}: ${evidence.join(' | ')}`),
      [],
    );
  });
});

/** What the findings say of DNSSEC, in the words of the lab. */
function statusOf(found: readonly Finding[]): 'secure' | 'insecure' | 'bogus' | 'not known' {
  if (statesOf(found, 'dnssec.bogus') === 'fail') return 'bogus';
  if (statesOf(found, 'dnssec.bogus') === 'pass') return 'secure';
  const isPlain = ['dnssec.unsigned', 'dnssec.island'].some((id) =>
    /absent|warn|pass/.test(statesOf(found, id)),
  );
  return isPlain ? 'insecure' : 'not known';
}

/** Where unbound is held to be wrong; see the lab's own page. */
const UNBOUND_ERRS: ReadonlySet<string> = new Set(['ds-sha256-wrong.test', 'only-revoked.test']);

describe('beside unbound', () => {
  labTest('every zone is secure, unsigned or bogus as unbound says', async (lab, t) => {
    const names = zones
      .map(({ name }) => name)
      .filter((name) => name.includes('.') && name !== '.' && !name.endsWith('arpa'));
    const questions = names.map((name) => ({ name, type: 'MX', verdict: 'bogus' as Verdict, shows: '' }));
    const theirs = await lab.verdicts(questions);
    const found = await checkAll(resolverOf(lab, t), names);
    const differing = names.flatMap((name, index) => {
      const ours = statusOf(found.get(name) ?? []);
      const said = theirs[index]?.split(' ')[0] ?? '';
      return ours === said || UNBOUND_ERRS.has(name)
        ? []
        : [`${name}: ${ours}, and unbound: ${theirs[index]}`];
    });
    assert.ok(names.length > 150, String(names.length));
    assert.deepEqual(differing, []);
    const counted = ['secure', 'insecure', 'bogus'].map(
      (status) => theirs.filter((one) => one.startsWith(status)).length,
    );
    t.diagnostic(`${counted[0]} secure, ${counted[1]} insecure, ${counted[2]} bogus`);
  });

  labTest('through a resolver that loses DNSSEC nothing is wrong, and nothing known', async (lab, t) => {
    const found = await check(resolverOf(lab, t, lab.resolvers.stripping.address), 'hardened.test');
    assert.equal(
      found.some(({ state }) => state === 'fail' || state === 'absent'),
      false,
      JSON.stringify(found),
    );
    assert.match(statesOf(found, 'dnssec.unsigned'), /^not-tested$/);
    assert.equal(
      (await resolverOf(lab, t).lookUp({ name: dnsName(nameOf('hardened.test')), type: types.MX })).status,
      'secure',
    );
  });
});
