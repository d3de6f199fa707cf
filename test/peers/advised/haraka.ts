/** A real Haraka with the plugin of packaging/haraka, sending to the domains of the lab: the same verdicts as the relay's own. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import type { Lab } from '../../lab/lab.ts';
import type { LabTest } from '../../lab/lab-test.ts';
import { checkColumn } from '../support/advised-table.ts';
import { dueOf, override, startAdvisorOnLab } from '../support/advisor-lab.ts';
import { demanding, type FakeAdvisor, policyOf, startFake, startHostile } from '../support/fake-advisor.ts';
import { fetchHaraka, type Haraka, startHaraka } from '../support/haraka.ts';
import { labVerdicts } from '../support/lab-verdicts.ts';
import { handIn } from '../support/pipelining-client.ts';
import { until } from '../support/until.ts';
import type { Waxwing } from '../support/waxwing.ts';

/** Tests that need Haraka, too. */
function ifHaraka(labTest: LabTest): LabTest {
  return (name, work) =>
    labTest(name, async (lab, t) => {
      const had = await fetchHaraka();
      if (had.kind === 'ready') return work(lab, t);
      if (process.env['PEERS_REQUIRED'] === '1') throw new Error(`no Haraka: ${had.because}`);
      t.skip(`no Haraka: ${had.because}`);
    });
}

const packaging = join(import.meta.dirname, '../../../packaging/haraka');
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

/** As with `disable_for_failed_hosts`, and a database in which every host stands. */
const FORGETFUL = `
const { appendFileSync } = require('node:fs');
const obtls = require('./outbound/tls');
exports.hook_send_email = (next) => {
  obtls.cfg.redis = { disable_for_failed_hosts: true };
  obtls.db = {
    get: async () => 'yesterday',
    setEx: async (key) => appendFileSync(process.env.HARAKA + '/marked', key),
  };
  next();
};
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
function sender(lab: Lab): NonNullable<typeof shared> {
  shared ??= (async () => {
    const advisor = await startAdvisorOnLab(lab, [
      { protocol: 'http', address: '127.0.0.1:0', outcomes: true },
    ]);
    const haraka = await startSender(lab, advisor.advisorPorts[0] ?? 0);
    return { advisor, haraka };
  })();
  return shared;
}

function wordsOf({ event, inTls }: Fate): string {
  if (event !== 'sent') return event;
  return inTls === true ? 'sent, TLS' : 'sent, cleartext';
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

export function harakaTests(labTest: LabTest): void {
  const harakaTest = ifHaraka(labTest);

  describe('Haraka asks the advisor by HTTP', () => {
    after(async () => {
      const both = await shared;
      await both?.haraka.close();
      await both?.advisor.close();
    });

    harakaTest(
      'mail goes where our own relay would send it, and waits where it would wait',
      async (lab, t) => {
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
        await checkColumn(
          'Haraka 3.3.4',
          new Map([...fates].map(([domain, fate]) => [domain, wordsOf(fate)])),
        );
      },
    );

    harakaTest('what an operator says of a domain is done, for that domain alone', async (lab) => {
      const { advisor, haraka } = await sender(lab);
      await override(advisor, 'half-dane.test', 'off');
      // What is kept is forgotten within a second.
      const at = `http://127.0.0.1:${advisor.advisorPorts[0]}/v1/policy/half-dane.test`;
      await until(async () => (await (await fetch(at)).text()).includes('"tries":false'), advisor.log);
      const fates = await send(haraka, ['half-dane.test', 'dane-ee.test']);
      assert.equal(fates.get('half-dane.test')?.inTls, false);
      assert.equal(fates.get('dane-ee.test')?.inTls, true);
    });

    harakaTest('mail waits while somebody is on the way', async (lab) => {
      const { haraka } = await sender(lab);
      const { way } = lab.mail.postfix ?? assert.fail('the lab has no Postfix');
      const before = way.seen().length;
      for (const attack of ['strip', 'refuse', 'inject', 'cut', 'intercept'] as const) {
        way.become(attack);
        const fate = (await send(haraka, ['dane-ee.test'])).get('dane-ee.test');
        assert.equal(fate?.event, 'deferred', attack);
      }
      way.become('none');
      for (const { client } of way.seen().slice(before)) assert.doesNotMatch(client, /b@dane-ee|secret/);
      assert.equal((await send(haraka, ['dane-ee.test'])).get('dane-ee.test')?.event, 'sent');
    });

    harakaTest(
      'what Haraka remembers of hosts without TLS is nothing against a demand, and comes from none',
      async (lab, t) => {
        const { advisor } = await sender(lab);
        const haraka = await startSender(lab, advisor.advisorPorts[0] ?? 0, {
          'config/plugins': 'waxwing\nwatch\nforgetful\n',
          'plugins/forgetful.js': FORGETFUL,
        });
        t.after(() => haraka.close());
        const fates = await send(haraka, ['plain.test', 'dane-ee.test', 'sts-intercepted.test']);
        assert.equal(fates.get('plain.test')?.inTls, false, 'the memory is at work');
        assert.equal(fates.get('dane-ee.test')?.inTls, true);
        assert.equal(fates.get('sts-intercepted.test')?.event, 'deferred');
        const { way } = lab.mail.postfix ?? assert.fail('the lab has no Postfix');
        way.become('cut');
        assert.equal((await send(haraka, ['dane-ee.test'])).get('dane-ee.test')?.event, 'deferred');
        way.become('none');
        assert.equal(await haraka.read('marked'), '');
      },
    );
  });

  describe('Haraka, and an advisor of the test', () => {
    let both: Promise<{ readonly fake: FakeAdvisor; readonly haraka: Haraka }> | undefined;
    after(async () => {
      const told = await both;
      await told?.haraka.close();
      told?.fake.close();
    });
    const toldBy = (lab: Lab): NonNullable<typeof both> => {
      both ??= (async () => {
        const fake = await startFake();
        return { fake, haraka: await startSender(lab, fake.port) };
      })();
      return both;
    };

    harakaTest('what a host says before TLS bounces nothing, stops nothing, and is told', async (lab, t) => {
      const { fake, haraka } = await toldBy(lab);
      const hosts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
        greeting: { '': '554 5.7.1 no' },
        ehlo: { '': '220 x', EHLO: '502 5.5.1 no' },
        nothing: { '': '220 x', EHLO: '250 x' },
        starttls: { '': '220 x', EHLO: '250-x\r\n250 STARTTLS', STARTTLS: '554 5.7.1 no' },
        garbage: { '': 'hello' },
      };
      const taken: string[] = [];
      const second = { ...demanding('mx.dane-ee.test', [lab.address(25)]), preference: 20 };
      let last = 170;
      for (const [name, replies] of Object.entries(hosts)) {
        const address = lab.address((last += 1));
        await startHostile(t, address, replies, taken);
        const first = demanding(`mx.${name}.test`, [address]);
        fake.say(`${name}.test`, [first]);
        // The next host has what is wanted.
        if (name === 'nothing') fake.say('dane-ee.test', [first, second]);
      }
      const fates = await send(haraka, [...Object.keys(hosts).map((name) => `${name}.test`), 'dane-ee.test']);
      for (const name of Object.keys(hosts)) assert.equal(fates.get(`${name}.test`)?.event, 'deferred', name);
      const { event, host, inTls } = fates.get('dane-ee.test') ?? {};
      assert.deepEqual({ event, host, inTls }, { event: 'sent', host: 'mx.dane-ee.test', inTls: true });
      assert.deepEqual(
        taken.filter((line) => !/^(?:EHLO .*|STARTTLS|QUIT)$/.test(line)),
        [],
      );
      const told = await until(
        () => fake.outcomes.length >= 4 && fake.outcomes,
        () => JSON.stringify(fake.outcomes),
      );
      assert.deepEqual(told.map(({ host: of, reached, proof }) => `${of} ${reached} ${proof}`).toSorted(), [
        'mx.dane-ee.test authenticate tlsa',
        'mx.nothing.test clear null',
        'mx.nothing.test clear null',
        'mx.starttls.test failed null',
      ]);
    });

    harakaTest(
      'a host without TLS, of which nothing is asked, has its mail, and is told once',
      async (lab, t) => {
        const { fake, haraka } = await toldBy(lab);
        const taken: string[] = [];
        const address = lab.address(180);
        await startHostile(t, address, { '': '220 x', EHLO: '250-x\r\n250 SIZE', DATA: '354 x' }, taken);
        fake.say('clear.test', [{ ...demanding('mx.clear.test', [address]), requires: 'none' }]);
        const { event, inTls } = (await send(haraka, ['clear.test'])).get('clear.test') ?? {};
        assert.deepEqual({ event, inTls }, { event: 'sent', inTls: false });
        assert.ok(taken.includes('secret text'));
        const told = await until(
          () => {
            const ofIt = fake.outcomes.filter(({ domain }) => domain === 'clear.test');
            return ofIt.length > 0 && ofIt;
          },
          () => haraka.log(),
        );
        assert.deepEqual(
          told.map(({ host, reached }) => `${host} ${reached}`),
          ['mx.clear.test clear'],
        );
      },
    );

    harakaTest('mail waits where the advisor cannot be asked, or says what is no answer', async (lab) => {
      const { fake, haraka } = await toldBy(lab);
      const answers = {
        'error.test': { status: 500, body: '{}' },
        'refused.test': { status: 400, body: '{"error":"no"}' },
        'text.test': { status: 200, body: 'deliver' },
        'other.test': {
          status: 200,
          body: JSON.stringify({ ...policyOf('x', []), schema: 'waxwing.policy/2' }),
        },
        'empty.test': { status: 200, body: JSON.stringify(policyOf('empty.test', [])) },
        'addresses.test': {
          status: 200,
          body: JSON.stringify(policyOf('x', [{ host: 'mx.test', usable: true }])),
        },
        'cut.test': 'cut',
      } as const;
      fake.answers = answers;
      const fates = await send(haraka, Object.keys(answers));
      for (const [domain, fate] of fates) assert.equal(fate.event, 'deferred', domain);
      fake.close();
      assert.equal((await send(haraka, ['down.test'])).get('down.test')?.event, 'deferred');
    });
  });
}
