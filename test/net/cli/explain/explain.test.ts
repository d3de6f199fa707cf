/** `waxwing explain`, with zones, a policy host and a relay on loopback; and `waxwing policy` beside it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it, type TestContext } from 'node:test';
import { types } from '../../../../src/dns/record.ts';
import { showRecord } from '../../../../src/dns/show.ts';
import { type Explanation, explanationSchema } from '../../../../src/events/explanation.ts';
import { openDataFolder } from '../../../../src/store/data-folder.ts';
import { openPolicies } from '../../../../src/store/open-policies.ts';
import { createAuthority } from '../../../support/certificates.ts';
import { answerOver } from '../../../support/dns/authority.ts';
import { type Script, says, startScriptedServer } from '../../../support/dns/server.ts';
import { dsOf, type SignedZone, signZone, type ZonePlan } from '../../../support/dns/signed-zone.ts';
import { domain, startTestRelay } from '../../../support/relay.ts';
import { bin, type Run, waxwing } from '../../../unit/cli/control-peer.ts';

const DAY = 86_400;
const now = Math.floor(Date.now() / 1000);
const zone = (
  name: string,
  text: string,
  denial: ZonePlan['denial'],
  children: readonly SignedZone[] = [],
): SignedZone => signZone({ name, text, denial, inception: now - DAY, expiration: now + 7 * DAY }, children);

const digest = 'ab'.repeat(32);
const leaves = [
  zone('dane.test.', `@ MX 10 mx\nmx A 127.0.0.1\n_25._tcp.mx TLSA 3 1 1 ${digest}`, 'nsec'),
  zone('sts.test.', '@ MX 10 mx\nmx A 127.0.0.1\n_mta-sts TXT "v=STSv1; id=1;"', 'unsigned'),
  zone('plain.test.', '@ MX 10 mx\nmx A 127.0.0.1', 'unsigned'),
  zone('null.test.', '@ MX 0 .', 'nsec'),
];
const names = ['dane', 'sts', 'plain', 'null'];
const test = zone('test.', names.map((label) => `${label} NS ns.invalid.`).join('\n'), 'nsec', leaves);
const root = zone('.', 'test NS ns.invalid.', 'nsec', [test]);

const honest: Script = (query) => {
  const { rcode, answers, authority } = answerOver([root, test, ...leaves], query.question);
  return says(query, { rcode, answers, authority });
};

const authority = await createAuthority();
const policyHost = await authority.issue({ names: ['mta-sts.sts.test'] });
const mailHost = await authority.issue({ names: ['mx.sts.test'] });

let folder = '';
let trust: readonly string[] = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxwing-explain-'));
  const [anchor, ca] = [join(folder, 'root.key'), join(folder, 'ca.pem')];
  await writeFile(anchor, `. IN DS ${showRecord(types.DS, dsOf(root).data)}\n`);
  await writeFile(ca, authority.certPem);
  trust = ['--trust-anchor', anchor, '--ca', ca, '--https-address', '127.0.0.1'];
});
after(() => rm(folder, { recursive: true }));

/** A network of its own: a resolver, and a policy host that says what the test wants. */
interface Place {
  /** Options that name both, and a data folder. */
  readonly options: readonly string[];
  readonly data: string;
  readonly policy: { mx: string };
  readonly fetched: () => number;
}

async function place(t: TestContext, script: Script = honest): Promise<Place> {
  const { address, port } = await startScriptedServer(t, script);
  const policy = { mx: 'other.sts.test' };
  let fetched = 0;
  const host = createServer({ cert: policyHost.certPem, key: policyHost.keyPem }, (_request, response) => {
    fetched += 1;
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(`version: STSv1\nmode: enforce\nmx: ${policy.mx}\nmax_age: 604800\n`);
  });
  host.listen(0, '127.0.0.1');
  await once(host, 'listening');
  const bound = host.address();
  assert.ok(bound !== null && typeof bound === 'object');
  const data = await mkdtemp(join(folder, 'data-'));
  t.after(() => {
    host.close();
    host.closeAllConnections();
  });
  const where = ['--resolver', `${address}:${port}`, '--https-port', String(bound.port), '--data', data];
  return { options: [...trust, ...where], data, policy, fetched: () => fetched };
}

function explain({ options }: Place, ...words: readonly string[]): Promise<Run> {
  return waxwing(['explain', ...words, ...options]);
}

async function explanation(at: Place, ...words: readonly string[]): Promise<Explanation> {
  const { stdout, stderr } = await explain(at, ...words, '--json');
  assert.equal(stderr, '');
  return explanationSchema.parse(JSON.parse(stdout));
}

/** As `waxwing policy override` keeps it. */
function keepOverride({ data }: Place, name: string, level: 'may' | 'encrypt'): void {
  const held = openDataFolder(data);
  const policies = openPolicies(held);
  policies.overrides.put({ domain: domain(name), level, until: null, reason: 'by phone', setAt: 0 });
  policies.close();
  held.close();
}

describe('waxwing explain', { concurrency: 2 }, () => {
  it('exit code 0: delivered, and how', async (t) => {
    const run = await explain(await place(t), 'dane.test');
    assert.deepEqual([run.code, run.stderr], [0, '']);
    assert.match(run.stdout, /^Mail to dane\.test: delivered, but only over TLS, and only to a host whose\n/);
    assert.match(run.stdout, /^decided by: dane, /m);
    assert.match(
      run.stdout,
      new RegExp(`accepted as proof: a certificate that matches TLSA 3 1 1\\s+${digest}`),
    );
  });

  it('exit code 1: refused', async (t) => {
    const run = await explain(await place(t), 'null.test');
    assert.deepEqual([run.code, run.stderr], [1, '']);
    assert.match(run.stdout, /^Mail to null\.test: refused: this relay returns it/);
  });

  it('exit code 3: it waits', async (t) => {
    const run = await explain(await place(t), 'sts.test');
    assert.deepEqual([run.code, run.stderr], [3, '']);
    assert.match(run.stdout, /^Mail to sts\.test: not delivered now: it waits, as a policy rules out/);
    assert.match(run.stdout, /^ +waxwing policy refresh sts\.test$/m);
  });

  it('--json is the schema’s, and names who was asked', async (t) => {
    const at = await place(t);
    const { decision, by, forbidden, mx, resolvers, firstContact } = await explanation(at, 'sts.test');
    assert.deepEqual([decision, by, forbidden, firstContact], ['defer', 'sts', true, true]);
    assert.deepEqual(
      mx.map(({ host, usable, requires }) => [host, usable, requires]),
      [['mx.sts.test', false, 'authenticate']],
    );
    assert.deepEqual(resolvers, [at.options[at.options.indexOf('--resolver') + 1]]);
  });

  it('goes by the rules of the configuration, and names them', async (t) => {
    const at = await place(t);
    const file = join(at.data, 'waxwing.toml');
    const rules = [
      '[relay]\ntls = "encrypt"',
      '[[route]]\nmatch = ".test"\nto = "smtps://mx.dane.test:465"\nuser = "anna"\npassword_file = "/none"\n',
    ];
    await writeFile(file, rules.join('\n'));
    const routed = await explanation(at, 'plain.test', '--config', file);
    assert.deepEqual(
      [routed.route, routed.by, routed.way.kind],
      ['smtps://mx.dane.test:465', 'override', 'configured'],
    );
    assert.deepEqual(routed.mx[0]?.requires, 'authenticate');
    keepOverride(at, 'mx.dane.test', 'may');
    const { decision, because } = await explanation(at, 'plain.test', '--config', file);
    assert.deepEqual(
      [decision, because],
      ['defer', 'the rule has a login, which is never said where TLS is not required'],
    );
    await writeFile(file, rules[0] ?? '');
    const plain = await explanation(at, 'plain.test', '--config', file);
    assert.equal(plain.mx[0]?.requires, 'encrypt');
    assert.match(plain.layers.at(-1)?.because ?? '', /^relay\.tls is encrypt \(.*waxwing\.toml:2\)$/);
  });

  it('reads what is kept, and writes nothing', async (t) => {
    const at = await place(t);
    assert.equal((await explanation(at, 'sts.test')).firstContact, true);
    assert.deepEqual(await readdir(at.data), []);
    keepOverride(at, 'sts.test', 'encrypt');
    const kept = await readFile(join(at.data, 'data.db'));
    const { by, decision, layers } = await explanation(at, 'sts.test');
    assert.deepEqual([decision, by], ['deliver', 'override']);
    assert.match(layers[0]?.because ?? '', /: by phone$/);
    assert.deepEqual(await readFile(join(at.data, 'data.db')), kept);
  });

  it('a store that cannot be read is told: exit code 2', async (t) => {
    const at = await place(t);
    await writeFile(join(at.data, 'data.db'), 'no database'.repeat(100));
    const run = await explain(at, 'plain.test');
    assert.deepEqual([run.code, run.stdout], [2, '']);
    assert.match(run.stderr, /^error: the policy store .*data\.db/);
  });

  it('an address, and a next hop', async (t) => {
    const at = await place(t);
    assert.equal((await explanation(at, '[192.0.2.1]')).way.kind, 'address');
    const hop = await explanation(at, '[mx.dane.test]:25');
    assert.deepEqual([hop.domain, hop.way.kind, hop.by], ['[mx.dane.test]:25', 'configured', 'dane']);
  });

  it('nothing can be learnt: exit code 3, what was tried, and in time', async (t) => {
    const at = await place(t, () => []);
    const begun = performance.now();
    const run = await explain(at, 'dane.test', '--timeout', '6');
    assert.equal(run.code, 3);
    assert.ok(performance.now() - begun < 20_000);
    assert.match(run.stdout, /^Mail to dane\.test: not delivered now: it waits, as DNS gives no answer/);
    assert.match(run.stdout.replaceAll(/\s+/g, ' '), /No resolver answers: 127\.0\.0\.1:\d+ did not answer/);
  });

  const mistakes: readonly (readonly [words: readonly string[], message: RegExp])[] = [
    [[], /missing required argument 'domain'/],
    [
      ['a@b.test'],
      /^error: "a@b\.test" is the address of a mailbox; ask for its domain: waxwing explain b\.test/,
    ],
    [['https://b.test/'], /^error: .* is neither a domain nor a next hop/],
    [['b.test', '--timeout', '0'], /Seconds from 0.1 to 3600/],
    [['b.test', '--https-port', '0'], /^error: --https-port: mta_sts\.https_port: /],
    [['b.test', '--config', '/none'], /^error: --config: there is no file "\/none"/],
  ];
  for (const [words, message] of mistakes) {
    it(`explain ${words.join(' ')}: exit code 2`, async () => {
      const run = await waxwing(['explain', ...words]);
      assert.deepEqual([run.code, run.stdout], [2, '']);
      assert.match(run.stderr, message);
    });
  }
});

/** Runs `serve` until the test ends. */
async function serve(t: TestContext, { options }: Place, smtpPort: number): Promise<void> {
  const env = { WAXWING_HOSTNAME: 'relay.test', WAXWING_LISTENER: '[]' };
  const child = spawn(process.execPath, [bin, 'serve', ...options, '--smtp-port', String(smtpPort)], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  for await (const line of createInterface(child.stderr)) {
    const { msg }: { msg: string } = JSON.parse(line);
    if (msg === 'ready') break;
  }
  child.stderr.resume();
}

describe('serve, policy and explain together', () => {
  // It runs fourteen programs, one after the other.
  const timeout = 90_000;
  it('a policy that does not list the host holds mail, until the policy is corrected and fetched', {
    timeout,
  }, async (t) => {
    const mx = await startTestRelay(t, {
      keyPair: mailHost,
      domains: [{ name: 'sts.test', backend: { port: 9 }, recipients: 'any' }],
      listeners: [{ role: 'mx', networks: [] }],
    });
    const at = await place(t);
    await serve(t, at, mx.port);
    const tell = async (...words: readonly string[]): Promise<string> => {
      const run = await waxwing([...words, ...at.options]);
      assert.equal(run.stderr, '');
      return run.stdout;
    };
    const send = ['send', '--from', 'a@origin.test', '--to', 'b@sts.test'];
    assert.match(
      await tell(...send),
      / held b@sts\.test.*\n.*required authenticate by sts: .* does not list mx\.sts/,
    );
    assert.match(await tell('policy', 'list'), /^sts\.test +enforce .*other\.sts\.test$/m);
    assert.match(await tell('policy', 'show', 'sts.test'), /^ {4}mx: other\.sts\.test$/m);
    const held = await explanation(at, 'sts.test');
    assert.deepEqual([held.decision, held.firstContact], ['defer', false]);
    assert.equal(at.fetched(), 1, 'explain goes by what the relay has kept');

    at.policy.mx = '*.sts.test';
    const refreshed = await tell('policy', 'refresh', 'sts.test');
    assert.match(refreshed, /mx: \*\.sts\.test\n(?:.*\n)*1 recipient of mail that waits: due now\n$/);
    await mx.until('the mail arrives', ({ to }) => to === 'b@sts.test');
    assert.deepEqual((await explanation(at, 'sts.test')).mx[0]?.match, ['mx.sts.test']);

    const override = ['override', 'sts.test', 'off', '--until', '1h', '--reason', 'a test'];
    assert.match(await tell('policy', ...override), /^sts\.test: override off until /);
    assert.equal((await explanation(at, 'sts.test')).mx[0]?.tries, false);
    assert.match(await tell('policy', 'override', 'sts.test', '--remove'), /is taken back/);
    assert.match(await tell('policy', 'purge', 'sts.test'), /is forgotten\./);
    assert.equal((await explanation(at, 'sts.test')).firstContact, true);
  });
});
