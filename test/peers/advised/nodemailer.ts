/** The example with Nodemailer, which asks `waxwing/policy`, on the domains of the lab: the same verdicts as the relay's own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { after, describe, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery, Mail, Settings } from '../../../examples/nodemailer.ts';
import { type Outcome, readOutcomes } from '../../../src/advisor/outcomes.ts';
import { decide, type LookupOptions, type Lookups, lookupPolicy, openLookups } from '../../../src/policy.ts';
import type { Lab } from '../../lab/lab.ts';
import type { LabTest } from '../../lab/lab-test.ts';
import { about, forgeNoName } from '../../lab/mitm/lies.ts';
import { takeOwnPackage } from '../../support/own-package.ts';
import { checkColumn } from '../support/advised-table.ts';
import { advisedDomains, dueOf } from '../support/advisor-lab.ts';
import { labVerdicts } from '../support/lab-verdicts.ts';
import { keptOf, startOnLab } from '../support/policy-lab.ts';
import { until } from '../support/until.ts';

takeOwnPackage();

/** Imported when it is used: tests that a module adds after it has waited may come too late. */
async function deliver(mail: Mail, settings: Settings): Promise<Delivery> {
  const example = await import('../../../examples/nodemailer.ts');
  return example.deliver(mail, settings);
}

let shared: Promise<Lookups> | undefined;

function optionsOn(lab: Lab): LookupOptions {
  return {
    resolver: `${lab.resolver.address}:${lab.resolver.port}`,
    trustAnchors: lab.anchor,
    ca: lab.authority.certPem,
    allowPrivateAddresses: true,
  };
}

function lookupsOn(lab: Lab): Promise<Lookups> {
  shared ??= openLookups(optionsOn(lab));
  return shared;
}

async function settingsOn(lab: Lab, more: Partial<Settings> = {}): Promise<Settings> {
  const lookups = await lookupsOn(lab);
  return { lookups, helloName: 'sender.lab.test', ca: lab.authority.certPem, ...more };
}

const message = 'From: a@sender.test\r\nSubject: x\r\n\r\nx\r\n';

function deliverTo(domain: string, settings: Settings): Promise<Delivery> {
  return deliver({ from: 'a@sender.test', to: `b@${domain}`, message }, settings);
}

const words = { authenticated: 'authenticated', encrypted: 'encrypted', cleartext: 'none' };

export function nodemailerTests(labTest: LabTest): void {
  describe('the example with Nodemailer', () => {
    after(async () => (await shared)?.close());

    labTest(
      'mail goes where our own relay would send it, with the same TLS, and waits where it would wait',
      async (lab, t) => {
        const settings = await settingsOn(lab);
        const domains = labVerdicts.map(({ domain }) => domain);
        assert.ok(advisedDomains.every(({ domain }) => domains.includes(domain)));
        const became = await Promise.all(domains.map((domain) => deliverTo(domain, settings)));
        const differ: string[] = [];
        for (const [index, delivery] of became.entries()) {
          const due = dueOf(domains[index] ?? '');
          const text = 'because' in delivery ? delivery.because : `${delivery.tls} to ${delivery.host}`;
          t.diagnostic(`| ${due.domain} | ${delivery.kind} | ${due.became} | ${text}`);
          const isSame =
            delivery.kind === 'sent'
              ? due.outcome !== null &&
                words[due.outcome] === delivery.tls &&
                (due.mx ?? delivery.host) === delivery.host
              : delivery.kind === due.became;
          if (!isSame) differ.push(`${due.domain}: ${delivery.kind} (${text}), due ${JSON.stringify(due)}`);
        }
        assert.deepEqual(differ, []);
        await checkColumn(
          'Nodemailer 10.6',
          new Map(
            became.map((delivery, index) => [
              domains[index] ?? '',
              delivery.kind === 'sent'
                ? `sent, ${delivery.tls === 'none' ? 'cleartext' : delivery.tls}`
                : delivery.kind,
            ]),
          ),
        );
      },
    );

    labTest('what is sent arrives as it was; what waits was told to nobody', async (lab) => {
      const settings = await settingsOn(lab);
      const postfix = lab.mail.postfix ?? assert.fail('there is no Postfix');
      const taken = async (): Promise<readonly string[]> =>
        (await postfix.messages())
          .filter(({ header }) => header.includes('Subject: arrives'))
          .map(({ to, body }) => `${to} ${JSON.stringify(String(body))}`);
      const mail = { from: 'a@sender.test', message: 'Subject: arrives\r\n\r\n.dot\r\n' };
      const waits = await deliver({ ...mail, to: 'b@dane-mismatch.test' }, settings);
      assert.match(
        'because' in waits ? waits.because : '',
        /^mx\.dane-mismatch\.test \(127\.[^)]*:25\) does not show what it has to \(dane\): the server's certificate matches none/,
      );
      assert.equal((await deliver({ ...mail, to: 'b@dane-ee.test' }, settings)).kind, 'sent');
      await until(async () => (await taken()).length > 0, postfix.log);
      assert.deepEqual(await taken(), [`b@dane-ee.test ${JSON.stringify('.dot\n')}`]);
    });

    labTest('the advisor is told what each session came to', async (lab, t) => {
      const { told, advisor } = await startListener(t);
      const settings = await settingsOn(lab, { advisor });
      for (const domain of [
        'dane-ee.test',
        'sts.test',
        'sts-intercepted.test',
        'plain.test',
        'plain-stripped.test',
      ])
        await deliverTo(domain, settings);
      assert.deepEqual(
        told.map(
          ({ domain, reached, proof, spki }) =>
            `${domain} ${reached} ${proof} ${spki === null ? 'no key' : 'key'}`,
        ),
        [
          'dane-ee.test authenticate tlsa key',
          'sts.test authenticate name key',
          'sts-intercepted.test encrypt null key',
          'plain.test encrypt null key',
          'plain-stripped.test clear null no key',
        ],
      );
      assert.ok(told.every(({ host }) => host !== null));
    });

    labTest('what it tells a real advisor is remembered, and asked of whoever asks that', async (lab, t) => {
      const waxwing = await startOnLab(lab, {
        advisor: [{ protocol: 'http', address: '127.0.0.1:0', outcomes: true }],
        memory: { mode: 'enforce', least_sessions: 2, least_age: '1s' },
      });
      t.after(() => waxwing.close());
      const advisor = `http://127.0.0.1:${waxwing.advisorPorts[0]}`;
      const settings = await settingsOn(lab, { advisor });
      const domain = 'signed-plain.test';
      for (const waitMs of [1_100, 0]) {
        assert.equal((await deliverTo(domain, settings)).kind, 'sent');
        // What gathers before it is written down is one moment.
        const { outbound } = await keptOf(waxwing, domain);
        assert.ok(outbound.some(({ host, level }) => host === `mx.${domain}` && level === 'authenticate'));
        await sleep(waitMs);
      }
      const answer = await fetch(`${advisor}/v1/policy/${domain}`);
      assert.match(await answer.text(), /"requires":"authenticate","by":"memory"/);
    });

    labTest('a policy in a folder outlives the program, and a record that somebody hides', async (lab, t) => {
      const above = await mkdtemp(join(tmpdir(), 'waxwing-policies-'));
      t.after(() => rm(above, { recursive: true }));
      const domain = 'sts-wildcard.test';
      const folder = join(above, 'policies');
      const by = async (options: LookupOptions): Promise<string | undefined> => {
        const decision = decide(await lookupPolicy(domain, { ...optionsOn(lab), ...options }));
        return decision.kind === 'deliver' ? decision.hosts[0]?.by : decision.because;
      };
      assert.equal(await by({ folder }), 'sts');
      const fetched = lab.policyHosts.requests().length;
      const mitm = await lab.dnsMitm();
      mitm.tell(about({ name: `_mta-sts.${domain}` }, forgeNoName));
      const resolver = `${mitm.address}:${mitm.port}`;
      assert.equal(await by({ folder, resolver }), 'sts');
      assert.equal(await by({ resolver }), 'default', 'without it the policy is hidden');
      assert.equal(lab.policyHosts.requests().length, fetched);
    });

    labTest(
      'decides by facts alone, which may have travelled; an override of the program stands over them',
      async (lab) => {
        const facts = structuredClone(await lookupPolicy('sts-mismatch.test', await lookupsOn(lab)));
        assert.equal(decide(facts).kind, 'defer');
        const released = decide(facts, { override: { level: 'encrypt', reason: 'of the test' } });
        assert.equal(released.kind === 'deliver' && released.hosts[0]?.by, 'override');
      },
    );
  });
}

/** Whom the example takes for an advisor: it reads outcomes as ours does. */
async function startListener(t: TestContext): Promise<{ told: Outcome[]; advisor: string }> {
  const told: Outcome[] = [];
  const server: Server = createServer((request, response) => {
    void json(request).then((body) => {
      const read = readOutcomes(body, 0);
      if (read.kind === 'ok') told.push(...read.outcomes);
      response.writeHead(read.kind === 'ok' && request.url === '/v1/outcomes' ? 202 : 400).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it has no port');
  return { told, advisor: `http://127.0.0.1:${address.port}` };
}
