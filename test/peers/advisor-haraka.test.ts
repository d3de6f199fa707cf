/** A real Haraka with the plugin of packaging/haraka, sending to the domains of the lab: the same verdicts as the relay's own. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import type { Lab } from '../lab/lab.ts';
import { type LabTest, labTests } from '../lab/lab-test.ts';
import { dueOf, startAdvisorOnLab } from './support/advisor-lab.ts';
import { fetchHaraka, type Haraka, startHaraka } from './support/haraka.ts';
import { labVerdicts } from './support/lab-verdicts.ts';
import { handIn } from './support/pipelining-client.ts';
import { until } from './support/until.ts';
import type { Waxwing } from './support/waxwing.ts';

const inLab = labTests({ mail: ['postfix', 'exim', 'opensmtpd'] });

/** One that needs Haraka, too. */
const harakaTest: LabTest = (name, work) =>
  inLab(name, async (lab, t) => {
    const had = await fetchHaraka();
    if (had.kind === 'ready') return work(lab, t);
    if (process.env['PEERS_REQUIRED'] === '1') throw new Error(had.because);
    t.skip(had.because);
  });

const packaging = join(import.meta.dirname, '../../packaging/haraka');
const packaged = (name: string): string => readFileSync(join(packaging, name), 'utf8');

/** Whoever connects may relay; what became of each mail is written down, and nobody is told. */
const WATCH = `
const { appendFileSync } = require('node:fs');
const write = (hmail, event, more) =>
  appendFileSync(process.env.HARAKA + '/told.ndjson', JSON.stringify({ domain: hmail.todo.domain, event, ...more }) + '\\n');
exports.hook_lookup_rdns = (next) => next(OK, 'source.test');
exports.hook_connect = (next, connection) => { connection.relaying = true; next(); };
exports.hook_delivered = (next, hmail, [host, , , , , , , secured]) => {
  write(hmail, 'sent', { host, inTls: secured });
  next();
};
exports.hook_deferred = (next, hmail, { err }) => { write(hmail, 'deferred', { because: String(err) }); next(); };
exports.hook_bounce = (next, hmail, err) => { write(hmail, 'bounced', { because: String(err) }); next(OK); };
`;

interface Fate {
  readonly domain: string;
  readonly event: 'sent' | 'deferred' | 'bounced';
  readonly host?: string;
  readonly inTls?: boolean;
  readonly because?: string;
}

async function startSender(
  lab: Lab,
  advisorPort: number,
  files: Readonly<Record<string, string>> = {},
): Promise<Haraka> {
  const ini = packaged('waxwing.ini');
  assert.match(ini, /^advisor=127\.0\.0\.1:8462$/m);
  return startHaraka({
    trust: lab.authority.certPem,
    files: {
      'config/plugins': 'waxwing\nwatch\n',
      'config/smtp.ini': '[main]\nlisten=LISTEN\nnodes=0\n',
      'config/outbound.ini': '[main]\nlocal_mx_ok=true\ntemp_fail_intervals=1h\nconnect_timeout=5\n',
      'config/tls.ini': '[outbound]\n',
      'config/loglevel': 'INFO\n',
      'config/log.ini': '[main]\nlevel=info\n',
      'config/waxwing.ini': ini.replace(':8462', `:${advisorPort}`),
      'plugins/waxwing.js': packaged('waxwing.js'),
      'plugins/watch.js': WATCH,
      ...files,
    },
  });
}

let shared: Promise<{ readonly advisor: Waxwing; readonly haraka: Haraka }> | undefined;
after(async () => {
  const both = await shared;
  await both?.haraka.close();
  await both?.advisor.close();
});

function sender(lab: Lab): NonNullable<typeof shared> {
  shared ??= (async () => {
    const advisor = await startAdvisorOnLab(lab, [{ protocol: 'http', address: '127.0.0.1:0' }]);
    const haraka = await startSender(lab, advisor.advisorPorts[0] ?? 0);
    return { advisor, haraka };
  })();
  return shared;
}

async function fatesIn(haraka: Haraka): Promise<readonly Fate[]> {
  const text = await haraka.read('told.ndjson');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): Fate => JSON.parse(line));
}

async function send(haraka: Haraka, domains: readonly string[]): Promise<ReadonlyMap<string, Fate>> {
  const before = (await fatesIn(haraka)).length;
  const to = domains.map((domain) => `b@${domain}`);
  const content = Buffer.from('Subject: secret\r\n\r\nsecret text\r\n');
  assert.match(await handIn(haraka.port, { from: 'a@sender.test', to, content }), /^250/);
  return until(
    async () => {
      const came = (await fatesIn(haraka)).slice(before);
      const fates = new Map(came.toReversed().map((fate) => [fate.domain, fate]));
      return fates.size === domains.length && fates;
    },
    () => haraka.log(),
  );
}

describe('Haraka asks the advisor by HTTP', () => {
  harakaTest('mail goes where our own relay would send it, and waits where it would wait', async (lab, t) => {
    const { haraka } = await sender(lab);
    const domains = labVerdicts.map(({ domain }) => domain);
    const fates = await send(haraka, domains);
    const differ: string[] = [];
    for (const domain of domains) {
      const due = dueOf(domain);
      const fate = fates.get(domain);
      assert.ok(fate !== undefined);
      t.diagnostic(`| ${domain} | ${fate.event} | ${due.became} | ${JSON.stringify(fate)}`);
      const isDue = fate.event === due.became && (due.inTls === null || fate.inTls === due.inTls);
      if (!isDue || (due.mx !== null && fate.host !== due.mx))
        differ.push(`${domain}: ${JSON.stringify(due)}, not ${JSON.stringify(fate)}`);
    }
    assert.deepEqual(differ, [], haraka.log());
  });
});
