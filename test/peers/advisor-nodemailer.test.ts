/** The example with Nodemailer, which asks `waxwing/policy`, on the domains of the lab: the same verdicts as the relay's own. */
import '../support/own-package.ts';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { after, describe, type TestContext } from 'node:test';
import type { Delivery, Settings } from '../../examples/nodemailer.ts';
import { type Outcome, readOutcomes } from '../../src/advisor/outcomes.ts';
import { decide, type Lookups, lookupPolicy, openLookups } from '../../src/policy.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import { advisedDomains, dueOf } from './support/advisor-lab.ts';
import { labVerdicts } from './support/lab-verdicts.ts';

const { deliver } = await import('../../examples/nodemailer.ts');
const labTest = labTests({ mail: ['postfix', 'exim', 'opensmtpd'] });

let shared: Promise<Lookups> | undefined;
after(async () => (await shared)?.close());

function lookupsOn(lab: Lab): Promise<Lookups> {
  shared ??= openLookups({
    resolver: `${lab.resolver.address}:${lab.resolver.port}`,
    trustAnchors: lab.anchor,
    ca: lab.authority.certPem,
    allowPrivateAddresses: true,
  });
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

describe('the example with Nodemailer', () => {
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
    },
  );

  labTest(
    'a message that is sent has arrived, and one that has to wait has not been told to anybody',
    async (lab) => {
      const settings = await settingsOn(lab);
      const { postfix } = lab.mail;
      assert.ok(postfix !== undefined);
      assert.equal((await deliverTo('dane-ee.test', settings)).kind, 'sent');
      const waits = await deliverTo('dane-mismatch.test', settings);
      assert.match(
        'because' in waits ? waits.because : '',
        /^mx\.dane-mismatch\.test \(127\.[^)]*:25\) does not show what it has to \(dane\): the server's certificate matches none/,
      );
    },
  );

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
