/** A real Postfix that asks the advisor and sends to the domains of the lab: the same verdicts as the relay's own. */
import assert from 'node:assert/strict';
import { after, describe } from 'node:test';
import { askRelay } from '../../../src/cli/control-client.ts';
import type { PolicyFigures, ResultPage } from '../../../src/relay/control-results.ts';
import type { Lab } from '../../lab/lab.ts';
import type { LabTest } from '../../lab/lab-test.ts';
import { readPostfixPolicy } from '../../support/postfix-policy.ts';
import { checkColumn } from '../support/advised-table.ts';
import { dueOf, advisedDomains as rows, startAdvisorOnLab } from '../support/advisor-lab.ts';
import type { PeerName } from '../support/catalog.ts';
import { rootsOf } from '../support/peer.ts';
import { startOnLab } from '../support/policy-lab.ts';
import { freePort } from '../support/ports.ts';
import { type Postfix, startPostfix } from '../support/postfix.ts';
import { askSocketmap } from '../support/socketmap-client.ts';
import { startStsResolver } from '../support/sts-resolver.ts';
import { until } from '../support/until.ts';
import type { Waxwing } from '../support/waxwing.ts';

let shared: Promise<Waxwing> | undefined;

/** One advisor for Postfix 3.7, by socketmap and by tcp_table. */
function advisor(lab: Lab): Promise<Waxwing> {
  shared ??= startAdvisorOnLab(
    lab,
    ['socketmap', 'tcp_table'].map((protocol) => ({ protocol, address: '127.0.0.1:0', postfix: '3.7' })),
  );
  return shared;
}

async function startSender(
  lab: Lab,
  peer: PeerName,
  port: number,
  address: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<Postfix> {
  const had = await rootsOf([peer]);
  if (had.kind === 'unavailable') throw new Error(had.because);
  return startPostfix(had.roots[peer], {
    address: lab.address(address),
    hostname: 'sender.lab.test',
    domains: ['nobody.test'],
    files: {
      '/etc/resolv.conf': `nameserver ${lab.resolver.address}\noptions trust-ad\n`,
      '/peer/roots.pem': lab.authority.certPem,
    },
    settings: {
      smtp_dns_support_level: 'dnssec',
      smtp_host_lookup: 'dns',
      smtp_tls_security_level: 'may',
      smtp_tls_dane_insecure_mx_policy: 'dane',
      smtp_tls_policy_maps: `socketmap:inet:127.0.0.1:${port}:postfix`,
      smtp_tls_CAfile: '/peer/roots.pem',
      maximal_queue_lifetime: '1d',
      ...settings,
    },
  });
}

/** What Postfix's log says became of mail to each of these domains: `sent`, `deferred` or `bounced`, and its words. */
async function send(
  sender: Postfix,
  domains: readonly string[],
): Promise<ReadonlyMap<string, readonly [string, string]>> {
  const from = sender.log().length;
  const content = Buffer.from('Subject: x\n\nx\n');
  await sender.inject(
    'a@sender.test',
    domains.map((domain) => `b@${domain}`),
    content,
  );
  return until(
    () => {
      const found = [
        ...sender
          .log()
          .slice(from)
          .matchAll(/ to=<b@([^>]+)>.* status=(\w+) \((.*)\)$/gm),
      ].map(([, domain = '', status = '', text = '']) => [domain, [status, text]] as const);
      const first = new Map(found.toReversed());
      return first.size === domains.length && first;
    },
    () => sender.log(),
  );
}

export function postfixTests(labTest: LabTest): void {
  describe('Postfix 3.7 asks the advisor by socketmap', () => {
    after(async () => (await shared)?.close());

    labTest('postmap shows the answers', async (lab, t) => {
      const { advisorPorts } = await advisor(lab);
      const had = await rootsOf(['postfix']);
      if (had.kind === 'unavailable') throw new Error(had.because);
      const sender = await startSender(lab, 'postfix', advisorPorts[0] ?? 0, 161);
      t.after(() => sender.close());
      const map = `socketmap:inet:127.0.0.1:${advisorPorts[0]}:postfix`;
      const keys = ['dane-ee.test', 'sts.test', 'plain.test', '.test', '[127.0.0.1]'];
      const { stdout } = await sender.run('postmap', ['-q', '-', map], { input: `${keys.join('\n')}\n` });
      assert.deepEqual(stdout.split('\n'), [
        'dane-ee.test\tdane-only',
        'sts.test\tsecure match=mx.sts.test servername=hostname',
        '',
      ]);
      const table = `tcp:127.0.0.1:${advisorPorts[1]}`;
      const byTcp = await sender.run('postmap', ['-q', '-', table], { input: `${keys.join('\n')}\n` });
      assert.equal(byTcp.stdout, stdout, byTcp.stderr);
      const failed = await sender.run('postmap', ['-q', 'dane-bogus.test', map]);
      assert.notEqual(failed.code, 0);
      assert.match(failed.stderr, /socketmap server temporary error: the TLSA records/);
    });

    labTest('the answer for each domain', async (lab) => {
      const { advisorPorts } = await advisor(lab);
      const at = { address: '127.0.0.1', port: advisorPorts[0] ?? 0 };
      const answers = await askSocketmap(
        at,
        'postfix',
        rows.map(({ domain }) => domain),
      );
      for (const [index, { domain, answer }] of rows.entries()) {
        const given = answers[index] ?? '';
        if (typeof answer === 'string') assert.equal(given, answer, domain);
        else assert.match(given, answer, domain);
        if (given.startsWith('OK ')) readPostfixPolicy(given.slice(3), 3, 7);
      }
    });

    labTest('mail goes where our own relay would send it, and waits where it would wait', async (lab, t) => {
      const { advisorPorts } = await advisor(lab);
      const sender = await startSender(lab, 'postfix', advisorPorts[0] ?? 0, 162);
      t.after(() => sender.close());
      const became = await send(
        sender,
        rows.map(({ domain }) => domain),
      );
      const differ: string[] = [];
      for (const { domain } of rows) {
        const [status = '', text = ''] = became.get(domain) ?? [];
        t.diagnostic(`| ${domain} | ${status} | ${dueOf(domain).became} | ${text}`);
        if (status !== dueOf(domain).became) differ.push(`${domain}: ${status} (${text})`);
      }
      assert.deepEqual(differ, []);
      await checkColumn('Postfix 3.7', new Map([...became].map(([domain, [status]]) => [domain, status])));
      const log = sender.log();
      assert.match(log, /Verified TLS connection established to mx\.sts\.test/);
      assert.match(log, /Verified TLS connection established to mx\.dane-ee\.test/);
      assert.doesNotMatch(log, /invalid attribute|malformed attribute|invalid security level/);
    });

    labTest(
      'beside postfix-mta-sts-resolver the same keys have the same answers, or an RFC says why not',
      async (lab, t) => {
        const had = await rootsOf(['stsresolver']);
        if (had.kind === 'unavailable') throw new Error(had.because);
        const theirs = await startStsResolver(had.roots.stsresolver, {
          resolver: lab.resolver.address,
          trust: lab.authority.certPem,
        });
        t.after(() => theirs.close());
        const { advisorPorts } = await advisor(lab);
        const keys = [...rows.map(({ domain }) => domain), '.test', '.sts.test', 'STS.test', '[127.0.0.1]'];
        const ours = await askSocketmap(
          { address: '127.0.0.1', port: advisorPorts[0] ?? 0 },
          'postfix',
          keys,
        );
        const their = await askSocketmap(theirs, 'postfix', keys);
        const differ: string[] = [];
        for (const [index, key] of keys.entries()) {
          const told = rows.find(({ domain }) => domain === key)?.theirs;
          t.diagnostic(`| ${key} | ${ours[index]} | ${their[index]} | ${told?.because ?? ''}`);
          if (their[index] !== (told?.answer ?? ours[index]))
            differ.push(`${key}: ours ${ours[index]}, theirs ${their[index]}`);
        }
        assert.deepEqual(differ, [], theirs.log());
      },
    );
  });

  describe('Postfix 3.10 asks the advisor by socketmap', () => {
    labTest('takes the attributes for reports, and reports of the policy by them', async (lab, t) => {
      const port = await freePort('127.0.0.1');
      const sender = await startSender(lab, 'postfix310', port, 163, {
        smtp_tlsrpt_enable: 'yes',
        smtp_tlsrpt_socket_name: '/peer/tlsrpt.sock',
      });
      t.after(() => sender.close());
      const waxwing = await startOnLab(lab, {
        advisor: [{ protocol: 'socketmap', address: `127.0.0.1:${port}`, postfix: '3.10' }],
        tlsRpt: { socket: sender.path('/peer/tlsrpt.sock'), socket_mode: '0666' },
      });
      t.after(() => waxwing.close());
      await until(() => waxwing.log().includes('results of sessions are taken'), waxwing.log);
      const became = await send(sender, [
        'sts.test',
        'sts-wildcard.test',
        'sts-mismatch.test',
        'sts-intercepted.test',
        'dane-ee.test',
        'plain.test',
      ]);
      const log = sender.log();
      assert.deepEqual(
        [...became].map(([domain, [status]]) => `${domain} ${status}`).toSorted(),
        [
          'dane-ee.test sent',
          'plain.test sent',
          'sts-intercepted.test deferred',
          'sts-mismatch.test deferred',
          'sts-wildcard.test sent',
          'sts.test sent',
        ],
        log,
      );
      assert.doesNotMatch(log, /invalid attribute|malformed attribute|unexpected attribute/);
      // It goes by the patterns themselves (3.10.5): no host is asked that the policy does not list.
      assert.match(log, /MX name 'mx\.sts-mismatch\.test' does not match STS MX pattern/);
      for (const [domain, outcome] of [
        ['sts.test', 'good'],
        ['sts-intercepted.test', 'failed'],
      ] as const) {
        const told = await until(
          async () => (await toldOf(waxwing, domain))[0] ?? false,
          () => `${domain}\n${sender.log()}\n${waxwing.log()}`,
        );
        assert.equal(told.policy.type, 'sts');
        assert.equal(told.policy.domain, domain);
        assert.deepEqual(told.policy.mxHosts, [`mx.${domain}`]);
        assert.deepEqual(told.policy.strings.slice(0, 2), ['version: STSv1', 'mode: enforce']);
        assert.equal(told.successes > 0 ? 'good' : 'failed', outcome);
      }
    });
  });
}

/** What this Postfix has told of its sessions. */
async function toldOf(waxwing: Waxwing, domain: string): Promise<readonly PolicyFigures[]> {
  const answer = await askRelay(waxwing.data, { method: 'GET', path: `/tls-results?domain=${domain}` });
  if (answer.kind !== 'answered' || answer.status !== 200) return [];
  const page = answer.body as ResultPage;
  return page.domains.flatMap((day) => day.policies).filter(({ source }) => source === 'postfix');
}
