/** Sessions with hosts of the lab, as a real Postfix tells of them at our socket, and as we tell of our own. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import { askRelay } from '../../src/cli/control-client.ts';
import type { PolicyFigures, ResultPage } from '../../src/relay/control-results.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import { rootsOf } from './support/peer.ts';
import { deliverTo, startOnLab } from './support/policy-lab.ts';
import { type Postfix, startPostfix } from './support/postfix.ts';
import { until } from './support/until.ts';
import type { Waxwing } from './support/waxwing.ts';

const labTest = labTests({ mail: ['postfix', 'exim', 'opensmtpd'] });

/** What a plug-in for MTA-STS says of them, as Postfix' TLSRPT_README has it. */
const policies = [
  'sts.test secure match=mx.sts.test policy_type=sts policy_domain=sts.test {policy_string=version: STSv1} {policy_string=mode: enforce} {policy_string=mx: mx.sts.test} {policy_string=max_age: 86400} mx_host_pattern=mx.sts.test',
  'sts-wildcard.test secure match=other.test',
  'sts-testing.test secure match=mx.sts-testing.test policy_type=sts policy_domain=sts-testing.test policy_failure=sts-policy-fetch-error',
];
const domains = ['dane-ee.test', 'sts.test', 'sts-wildcard.test', 'sts-testing.test'] as const;

async function startSender(lab: Lab, t: TestContext): Promise<Postfix> {
  const had = await rootsOf(['postfix310']);
  if (had.kind === 'unavailable') throw new Error(had.because);
  const sender = await startPostfix(had.roots.postfix310, {
    address: lab.address(161),
    hostname: 'sender.lab.test',
    domains: ['nobody.test'],
    files: {
      '/etc/resolv.conf': `nameserver ${lab.resolver.address}\noptions trust-ad\n`,
      '/peer/roots.pem': lab.authority.certPem,
      '/peer/tls_policy': `${policies.join('\n')}\n`,
    },
    settings: {
      smtp_dns_support_level: 'dnssec',
      smtp_host_lookup: 'dns',
      smtp_tls_security_level: 'dane',
      smtp_tls_policy_maps: 'texthash:/peer/tls_policy',
      smtp_tls_CAfile: '/peer/roots.pem',
      smtp_tlsrpt_enable: 'yes',
      smtp_tlsrpt_socket_name: '/peer/tlsrpt.sock',
      maximal_queue_lifetime: '1d',
    },
  });
  t.after(() => sender.close());
  return sender;
}

async function resultsOf(waxwing: Waxwing, domain: string): Promise<readonly PolicyFigures[]> {
  const answer = await askRelay(join(waxwing.data), { method: 'GET', path: `/tls-results?domain=${domain}` });
  assert.ok(answer.kind === 'answered' && answer.status === 200);
  const page = answer.body as ResultPage;
  return page.domains.flatMap((day) => day.policies);
}

/** As `sts failed certificate-host-mismatch`; a Postfix that fails tries again soon, so how often is left out. */
const shown = ({ policy, successes, failures, details }: PolicyFigures): string =>
  [
    policy.type,
    ...(successes > 0 ? ['good'] : []),
    ...(failures > 0 ? ['failed'] : []),
    ...details.map(({ type }) => type),
  ].join(' ');

describe('results of sessions by Postfix 3.10 and by us', () => {
  labTest(
    `${domains.length} domains: what Postfix tells is counted, and says the same as ours`,
    async (lab, t) => {
      const sender = await startSender(lab, t);
      const socket = sender.path('/peer/tlsrpt.sock');
      const waxwing = await startOnLab(lab, { tlsRpt: { socket, socket_mode: '0666' } });
      t.after(() => waxwing.close());
      await until(() => waxwing.log().includes('results of sessions are taken'), waxwing.log);
      for (const domain of domains)
        await sender.inject('a@sender.test', [`b@${domain}`], Buffer.from('Subject: x\n\nx\n'));
      await deliverTo(waxwing, domains);

      const found = new Map<string, readonly PolicyFigures[]>();
      for (const domain of domains) {
        const both = await until(
          async () => {
            const all = await resultsOf(waxwing, domain);
            return new Set(all.map(({ source }) => source)).size === 2 && all;
          },
          () => `${domain}\n${sender.log()}\n${waxwing.log()}`,
        );
        found.set(domain, both);
        for (const one of both) t.diagnostic(`${domain}: ${one.source}: ${shown(one)}`);
      }
      const of = (domain: string, source: string): PolicyFigures[] =>
        (found.get(domain) ?? []).filter((one) => one.source === source);
      const words = (domain: string, source: string): string[] => of(domain, source).map(shown);

      assert.deepEqual(words('dane-ee.test', 'postfix'), ['tlsa good']);
      assert.deepEqual(words('dane-ee.test', 'waxwing'), ['tlsa good']);
      const [theirs, ours] = ['postfix', 'waxwing'].map((source) => of('dane-ee.test', source)[0]?.policy);
      assert.equal(theirs?.domain, ours?.domain);
      assert.deepEqual(
        theirs?.strings.map((line) => line.toLowerCase()),
        ours?.strings,
      );

      assert.deepEqual(words('sts.test', 'postfix'), ['sts good']);
      assert.deepEqual(words('sts.test', 'waxwing'), ['sts good']);
      assert.equal(of('sts.test', 'postfix')[0]?.record, 'v=TLSRPTv1; rua=mailto:tls-reports@reports.test');
      const [his, our] = ['postfix', 'waxwing'].map((source) => of('sts.test', source)[0]?.policy);
      assert.deepEqual(his?.mxHosts, our?.mxHosts);
      assert.deepEqual(his?.strings, our?.strings);

      assert.deepEqual(words('sts-wildcard.test', 'postfix'), [
        'no-policy-found failed certificate-host-mismatch',
      ]);
      const [failure] = of('sts-wildcard.test', 'postfix')[0]?.details ?? [];
      assert.equal(failure?.receivingHost, 'mx.sts-wildcard.test');
      assert.ok(failure.sendingAddress !== null && failure.receivingAddress !== null);

      assert.deepEqual(words('sts-testing.test', 'postfix'), ['sts failed sts-policy-fetch-error']);
      assert.deepEqual(words('sts-testing.test', 'waxwing'), ['sts failed validation-failure']);
    },
  );
});
