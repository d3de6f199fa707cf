/** `waxwing check`, with zones, a policy host and scripted mail servers on loopback. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { z } from 'zod';
import { types } from '../../../src/dns/record.ts';
import { showRecord } from '../../../src/dns/show.ts';
import { type CheckReport, checkReportSchema } from '../../../src/events/check-report.ts';
import { createAuthority } from '../../support/certificates.ts';
import { answerOver } from '../../support/dns/authority.ts';
import { type Script, says, startScriptedServer } from '../../support/dns/server.ts';
import { dsOf, type SignedZone, signZone, type ZonePlan } from '../../support/dns/signed-zone.ts';
import { type Script as Manners, startHostileServer } from '../../support/hostile-server.ts';
import { startScriptServer } from '../../support/script-server.ts';
import { compiled, type Run, waxwing } from '../../unit/cli/control-peer.ts';

/** RFC 1035 §4.1.1. */
const [SERVFAIL, NXDOMAIN] = [2, 3];
const DAY = 86_400;
const now = Math.floor(Date.now() / 1000);
const zone = (
  name: string,
  text: string,
  denial: ZonePlan['denial'],
  children: readonly SignedZone[] = [],
): SignedZone => signZone({ name, text, denial, inception: now - DAY, expiration: now + 7 * DAY }, children);

const authority = await createAuthority();
const mailHost = await authority.issue({ names: ['mx.sts.test', 'mx.plain.test', 'localhost'] });
const policyHost = await authority.issue({ names: ['mta-sts.sts.test'] });

const leaves = [
  zone('sts.test.', '@ MX 10 mx\nmx A 127.0.0.1\n_mta-sts TXT "v=STSv1; id=1;"', 'unsigned'),
  zone('plain.test.', '@ MX 10 mx\nmx A 127.0.0.1', 'unsigned'),
  zone('null.test.', '@ MX 0 .', 'nsec'),
];
const names = ['sts', 'plain', 'null'];
const test = zone('test.', names.map((label) => `${label} NS ns.invalid.`).join('\n'), 'nsec', leaves);
const root = zone('.', 'test NS ns.invalid.', 'nsec', [test]);

const honest: Script = (query) => {
  const { rcode, answers, authority: proof } = answerOver([root, test, ...leaves], query.question);
  return says(query, { rcode, answers, authority: proof });
};

let folder = '';
let trust: readonly string[] = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxwing-check-'));
  const [anchor, ca] = [join(folder, 'root.key'), join(folder, 'ca.pem')];
  await writeFile(anchor, `. IN DS ${showRecord(types.DS, dsOf(root).data)}\n`);
  await writeFile(ca, authority.certPem);
  trust = ['--trust-anchor', anchor, '--ca', ca, '--https-address', '127.0.0.1'];
});
after(() => rm(folder, { recursive: true }));

interface Place {
  readonly options: readonly string[];
  readonly data: string;
  readonly port: number;
  readonly connections: () => number;
}

/** A resolver, a policy host, and a mail server with these manners. */
async function place(t: TestContext, manners: Partial<Manners> = {}): Promise<Place> {
  const resolver = await startScriptedServer(t, honest);
  const host = createServer({ cert: policyHost.certPem, key: policyHost.keyPem }, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end('version: STSv1\nmode: enforce\nmx: mx.sts.test\nmax_age: 1209600\n');
  });
  host.listen(0, '127.0.0.1');
  await once(host, 'listening');
  const bound = host.address();
  assert.ok(bound !== null && typeof bound === 'object');
  const mail = await startHostileServer(mailHost, manners);
  const data = await mkdtemp(join(folder, 'data-'));
  t.after(async () => {
    host.close();
    host.closeAllConnections();
    await mail.close();
  });
  const where = ['--resolver', `${resolver.address}:${resolver.port}`, '--https-port', String(bound.port)];
  const ports = ['--smtp-port', String(mail.port), '--data', data];
  return {
    options: [...trust, ...where, ...ports],
    data,
    port: mail.port,
    connections: () => mail.conversations().length,
  };
}

function check({ options }: Place, words: readonly string[], input = ''): Promise<Run> {
  return waxwing(['check', ...options, ...words], input);
}

/** What mistakes in command lines come to, each as if it stood alone: by one start of the program for all of them. */
async function waxwings(lines: readonly (readonly string[])[]): Promise<readonly Run[]> {
  const script = join(import.meta.dirname, 'command-lines.ts');
  const told = JSON.stringify(lines.map((words) => ['check', ...words]));
  const { stdout } = await execute(process.execPath, [script, told], { env: compiled });
  return runs.parse(JSON.parse(stdout));
}

const execute = promisify(execFile);
const runs = z.array(z.strictObject({ code: z.number(), stdout: z.string(), stderr: z.string() }));

async function reports(run: Run): Promise<readonly CheckReport[]> {
  const values = run.stdout
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  return values.map((value) => checkReportSchema.parse(value));
}

const stateOf = ({ findings }: CheckReport, id: string): string =>
  findings
    .filter((one) => one.id === id)
    .map(({ state, severity }) => `${state} ${severity}`)
    .join();

describe('waxwing check', { concurrency: 2 }, () => {
  it('says what becomes of mail, keeps to its budget, and writes nothing', async (t) => {
    const at = await place(t);
    const run = await check(at, ['sts.test', '--only', 'starttls,mtasts,cert', '--fail-on', 'critical']);
    assert.equal(run.stderr, '');
    assert.equal(run.code, 0, run.stdout);
    assert.match(run.stdout, /^sts\.test: protected: senders that look at MTA-STS deliver over\s+TLS/);
    assert.match(run.stdout, /\+ authenticated: MTA-STS/);
    const spent = at.connections();
    assert.ok(spent >= 2 && spent <= 6, `${spent} connections`);
    assert.match(run.stdout, new RegExp(`^connections: ${spent} of at most 6 `, 'm'));
    assert.deepEqual(await readdir(at.data), []);
  });

  it('exit code 1: STARTTLS is missing, which is critical under MTA-STS', async (t) => {
    const at = await place(t, { offers: ['PIPELINING', '8BITMIME'] });
    const run = await check(at, ['sts.test', '--json']);
    assert.equal(run.code, 1, run.stderr);
    const report = checkReportSchema.parse(JSON.parse(run.stdout));
    assert.equal(report.outcomes['postfix-may'], 'cleartext');
    assert.equal(report.outcomes['mta-sts'], 'deferred');
    assert.equal(report.hosts[0]?.endpoints[0]?.starttls, false);
    assert.equal(stateOf(report, 'starttls.not-offered'), 'fail critical');
    assert.equal(at.connections(), 1);
  });

  it('exit code 3: where no resolver answers, no sender is said to do anything', async (t) => {
    const at = await place(t);
    const run = await waxwing([
      'check',
      '--resolver',
      '127.80.0.99',
      '--data',
      at.data,
      'plain.test',
      '--json',
    ]);
    assert.equal(run.code, 3, run.stderr);
    const { outcomes } = checkReportSchema.parse(JSON.parse(run.stdout));
    assert.deepEqual([...new Set(Object.values(outcomes))], ['unknown']);
  });

  it('a resolver on this host that was named is believed what it denies: a lab may have no root', async (t) => {
    const resolver = await startScriptedServer(t, (query) => says(query, { rcode: NXDOMAIN }));
    const words = [
      '--resolver',
      `${resolver.address}:${resolver.port}`,
      'example.test',
      '--format',
      'ndjson',
    ];
    const run = await waxwing(['check', ...trust, ...words]);
    assert.equal(run.code, 1, run.stdout);
    const [report] = await reports(run);
    assert.ok(report !== undefined);
    assert.equal(report.verdict.kind, 'no-mail');
    assert.deepEqual(new Set(Object.values(report.outcomes)), new Set(['bounced']));
    assert.equal(stateOf(report, 'dns.nxdomain'), 'fail critical');
  });

  it('exit code 3: where the addresses of the only mail host cannot be learnt, no mail is said to be lost', async (t) => {
    const resolver = await startScriptedServer(t, (query) =>
      query.question.type === types.A || query.question.type === types.AAAA
        ? says(query, { rcode: SERVFAIL })
        : honest(query),
    );
    const words = ['--resolver', `${resolver.address}:${resolver.port}`, 'plain.test', '--format', 'ndjson'];
    const run = await waxwing(['check', ...trust, ...words]);
    const [report] = await reports(run);
    assert.ok(report !== undefined);
    assert.equal(report.verdict.kind, 'untested');
    const wrong = report.findings.filter(
      ({ state, severity }) => state === 'fail' && ['critical', 'high'].includes(severity),
    );
    assert.deepEqual(wrong, []);
    assert.equal(run.code, 3, run.stdout);
  });

  it('exit code 3: a trust anchor that does not fit is no fault of the domain', async (t) => {
    const at = await place(t);
    const anchor = join(folder, 'other.key');
    await writeFile(anchor, `. IN DS ${showRecord(types.DS, dsOf(test).data)}\n`);
    const targets = ['plain.test', 'mx.plain.test:25', 'mx.plain.test:993'];
    const run = await check(at, ['--trust-anchor', anchor, ...targets, '--format', 'ndjson']);
    assert.equal(run.code, 3, run.stderr);
    const all = await reports(run);
    assert.deepEqual(all.map(({ target }) => target).toSorted(), targets.toSorted());
    for (const { outcomes, findings } of all) {
      for (const outcome of Object.values(outcomes)) assert.equal(outcome, 'unknown');
      const wrong = findings.filter(({ state, severity }) => state !== 'not-tested' && severity !== 'info');
      assert.deepEqual(
        wrong.map(({ id, state }) => `${id} ${state}`),
        [],
      );
    }
  });

  it('exit code 3: thrown out at the door is not tested, and never a missing STARTTLS', async (t) => {
    const at = await place(t, {
      greeting: { say: '421 4.7.0 hostile.test too many connections\r\n', next: 'close' },
    });
    const run = await check(at, [
      'plain.test',
      '--json',
      '--fail-on',
      'medium',
      '--only',
      'conn,starttls,tls,cert',
    ]);
    assert.equal(run.code, 3, run.stdout);
    const report = checkReportSchema.parse(JSON.parse(run.stdout));
    assert.deepEqual(
      report.findings
        .filter(({ state }) => state === 'fail' || state === 'absent')
        .filter(({ severity }) => severity !== 'info'),
      [],
    );
    assert.equal(report.outcomes['postfix-may'], 'unknown');
    assert.equal(report.hosts[0]?.endpoints[0]?.starttls, null);
    assert.match(report.notTested.map(({ because }) => because).join(), /421 4\.7\.0/);
    assert.ok(report.notTested.some(({ retryAt }) => retryAt !== null));
    assert.equal(at.connections(), 1);
  });

  it('ends within its time, whatever the server does', async (t) => {
    const silent = await startScriptServer(t, mailHost, []);
    const drip = await startScriptServer(t, mailHost, ['drip']);
    const flood = await startScriptServer(t, mailHost, ['flood']);
    const at = await place(t);
    const began = Date.now();
    const targets = [silent, drip, flood].map(({ port }) => `127.0.0.1:${port}`);
    const run = await check(at, [...targets, '--timeout', '1', '--format', 'ndjson']);
    assert.ok(Date.now() - began < 15_000);
    for (const report of await reports(run)) {
      assert.equal(report.outcomes['postfix-may'], 'unknown', report.target);
      assert.ok(report.notTested.length > 0, report.target);
    }
  });

  it('takes a server by its address, in clear of all DNS', async (t) => {
    const at = await place(t);
    const run = await check(at, [`[127.0.0.1]:${at.port}`, '--json', '--depth', 'quick']);
    const report = checkReportSchema.parse(JSON.parse(run.stdout));
    assert.deepEqual([report.target, report.protocol], [`[127.0.0.1]:${at.port}`, 'smtp']);
    assert.deepEqual([at.connections(), report.connections], [1, { spent: 1, budget: 1 }]);
    assert.equal(report.hosts[0]?.endpoints[0]?.tls?.certificate?.names[0], 'mx.sts.test');
  });

  it('is an object of one target, a list of several, and a line for each of stdin', async (t) => {
    const at = await place(t);
    const quick = ['--depth', 'quick', '--only', 'starttls'];
    const several = await check(at, ['plain.test', 'sts.test', '--json', ...quick]);
    const list: unknown = JSON.parse(several.stdout);
    assert.ok(Array.isArray(list));
    assert.deepEqual(
      list.map((one) => checkReportSchema.parse(one).target),
      ['plain.test', 'sts.test'],
    );
    const input = '# mine\nplain.test\n\nnot a domain\nnull.test\n';
    const streamed = await check(at, ['-', '--format', 'ndjson', ...quick], input);
    const targets = (await reports(streamed)).map(({ target }) => target);
    assert.deepEqual(targets.toSorted(), ['null.test', 'plain.test']);
    assert.equal(streamed.code, 2);
    assert.match(streamed.stderr, /^error: line 4 of stdin: /);
  });

  it('--from judges what was recorded the same again, with no network', async (t) => {
    const at = await place(t);
    const run = await check(at, ['sts.test', 'plain.test', '--format', 'ndjson']);
    const file = join(folder, 'saved.ndjson');
    await writeFile(file, run.stdout);
    const spent = at.connections();
    const again = await waxwing(['check', '--from', file, '--format', 'ndjson']);
    assert.equal(again.stdout, run.stdout);
    assert.equal(again.code, run.code);
    assert.equal(at.connections(), spent);
    const piped = await waxwing(['check', '--from', '-', '--format', 'ndjson'], run.stdout);
    assert.deepEqual([piped.stdout, piped.code], [run.stdout, run.code]);
    const mixed = await waxwing(
      ['check', '--from', '-', '--format', 'ndjson', '--fail-on', 'info'],
      `${run.stdout}{\n`,
    );
    assert.deepEqual([mixed.stdout, mixed.code], [run.stdout, 2]);
    assert.match(
      mixed.stderr,
      /^error: stdin:3: it is no JSON\nwarning: the other targets alone come to exit code 1: /,
    );
    const late = await waxwing(['check', '--from', file, '--fail-at', '2020-01-01']);
    assert.deepEqual([late.stdout, late.code], ['', 2]);
    assert.match(
      late.stderr,
      /^error: (?:sts|plain)\.test: --fail-at 2020-01-01T00:00:00\.000Z is not after the check/,
    );
    const text = await waxwing(['check', '--from', file, '--details']);
    assert.match(text.stdout, /what was said to 127\.0\.0\.1 port \d+[\s\S]*S: 220 hostile\.test ESMTP/);
  });

  it('this host is visited where a line of a list names it, and --only may be given twice', async (t) => {
    const at = await place(t);
    const words = ['--only', 'smtp', '--only', 'starttls.not-offered', '--depth', 'quick', '--details'];
    const here = `127.0.0.1:${at.port}`;
    // One that is none of a lab; nothing is asked of it.
    const elsewhere = ['--resolver', '192.0.2.53', '--dnssec', 'off', '--data', at.data];
    const run = await waxwing(
      ['check', '-', '--format', 'ndjson', ...elsewhere, ...words],
      `${here}\n[127.0.0.1]:${at.port}\n`,
    );
    // In another spelling it is the same one.
    assert.match(run.stderr, /1 target stands in the list for a second time/);
    const [report] = await reports(run);
    assert.equal(report?.target, here);
    assert.equal(report.connections.spent, 1);
    const sections = new Set(report.findings.map(({ id }) => id.split('.')[0]));
    assert.deepEqual(sections, new Set(['smtp', 'starttls']));
  });

  it('of a list, results of SARIF stand at their lines, and what is no target is told, too', async (t) => {
    const at = await place(t, { offers: ['PIPELINING', '8BITMIME'] });
    const words = ['-', '--format', 'sarif', '--depth', 'quick', '--only', 'starttls'];
    const run = await check(at, words, '# mine\nplain.test\nnot a domain\n');
    assert.equal(run.code, 2);
    assert.match(
      run.stdout,
      /"physicalLocation":\{"artifactLocation":\{"uri":"stdin"\},"region":\{"startLine":2\}\}/,
    );
    assert.match(
      run.stdout,
      /"toolExecutionNotifications":\[\{"level":"error","message":\{"text":"line 3 of stdin: /,
    );
    JSON.parse(run.stdout);
    // A list in a file is in the results by its name.
    const list = join(folder, 'my domains.txt');
    await writeFile(list, 'plain.test\n');
    const named = await check(at, ['--input', list, ...words.slice(1)]);
    assert.equal(named.code, 1, named.stderr);
    assert.match(
      named.stdout,
      /"artifactLocation":\{"uri":"file:\/\/\/[^"]*\/my%20domains\.txt"\},"region":\{"startLine":1\}/,
    );
  });

  it('as a plugin for Nagios is a line, with the exit codes of those', async (t) => {
    const at = await place(t, { offers: ['PIPELINING', '8BITMIME'] });
    const saved = await check(at, ['sts.test', '--format', 'ndjson']);
    const told = async (...words: readonly string[]): Promise<Run> =>
      waxwing(['check', '--from', '-', '--format', 'nagios', ...words], saved.stdout);
    const bad = await told();
    assert.equal(bad.code, 2);
    assert.match(
      bad.stdout,
      /^WAXWING CRITICAL - sts\.test: [^|\n]*starttls\.not-offered[^|\n]* \| days=U time=\d+\.\d{3}s;;;0 targets=1;;;0 critical=[1-9]\d*;;;0 [^|\n]*\n$/,
    );
    const fine = await told('--only', 'mx.null');
    assert.deepEqual([fine.code, fine.stdout.slice(0, 13)], [0, 'WAXWING OK - ']);
    const warned = await told('--only', 'tlsrpt', '--fail-on', 'low');
    assert.deepEqual([warned.code, warned.stdout.slice(0, 18)], [1, 'WAXWING WARNING - ']);
    // What is wrong with the call is UNKNOWN, and said where it is shown.
    const wrong = [
      ['example.test', '--format=nagios', '--nope'],
      ['a..test', '--format', 'nagios'],
      ['example.test', '--format', 'nagios', '--config', '/nowhere/at/all'],
      ['--input', '/nowhere/at/all', '--format', 'nagios'],
      ['--input', 'x', '--resume', 's', '--format', 'nagios'],
    ];
    for (const run of await waxwings(wrong)) {
      assert.equal(run.code, 3, run.stderr);
      assert.match(run.stdout, /^WAXWING UNKNOWN - [^ |\n][^|\n]*\n$/);
      assert.match(run.stderr, /^error: /);
    }
    const none = await waxwing(['check', '--from', '-', '--format', 'nagios'], '');
    assert.deepEqual(
      [none.code, none.stdout.split(' | ')[0]],
      [3, 'WAXWING UNKNOWN - stdin: there is no result in it, 0 targets'],
    );
  });

  it('--fail-at foresees what ends', async (t) => {
    const at = await place(t);
    const words = ['sts.test', '--json', '--only', 'cert', '--fail-on', 'critical'];
    const today = await check(at, words);
    const then = await check(at, [...words, '--fail-at', '2099-01-01']);
    assert.deepEqual([today.code, then.code], [0, 1]);
    const { future, findings } = checkReportSchema.parse(JSON.parse(then.stdout));
    assert.ok(
      future?.events.some(({ what }) => /certificate of mx\.sts\.test ends/.test(what)),
      then.stdout,
    );
    assert.ok(future?.findings.some(({ id, state }) => id === 'cert.expired' && state === 'fail'));
    assert.ok(findings.every(({ id, state }) => id !== 'cert.expired' || state === 'pass'));
  });

  it('--profile asks whether what is demanded holds, and the exit code is about that', async (t) => {
    const at = await place(t);
    const run = await check(at, ['sts.test', '--json', '--profile', 'mta-sts-ready']);
    assert.equal(run.code, 0, run.stderr);
    const { profile } = checkReportSchema.parse(JSON.parse(run.stdout));
    assert.deepEqual(
      profile?.requirements.filter(({ state }) => state !== 'met').map(({ id, state }) => `${id} ${state}`),
      ['tls-rpt not-met'],
    );
    const [file, saved] = [join(folder, 'own.toml'), join(folder, 'one.json')];
    await writeFile(saved, run.stdout);
    await writeFile(
      file,
      'name = "own"\nextends = "mta-sts-ready"\n[requirements.tls-rpt]\nseverity = "high"\n',
    );
    const own = await waxwing(['check', '--from', saved, '--profile', file]);
    assert.equal(own.code, 1, own.stderr);
    assert.match(
      own.stdout,
      /^profile own, ready for MTA-STS in enforce: 9 of 10 requirements met, 1\s+not met/m,
    );
    await writeFile(file, 'extends = "dane"\n[requirements.one]\nfact = "moon"\n');
    const wrong = await waxwing(['check', 'sts.test', '--profile', file]);
    assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
    assert.match(wrong.stderr, /^error: \S+own\.toml: name: is missing$/m);
    assert.match(wrong.stderr, /^error: \S+own\.toml:1: extends: must be /m);
    assert.match(wrong.stderr, /^error: \S+own\.toml:3: requirements\.one\.fact: must be /m);
  });

  it('--suites all lists what one server takes, beside the budget, and counts the connections', async (t) => {
    const at = await place(t);
    const run = await check(at, [`[127.0.0.1]:${at.port}`, '--suites', 'all', '--gap', '0', '--only', 'tls']);
    const [, listed = '0'] =
      /^suites of 127\.0\.0\.1 port \d+, listed by (\d+) connections/m.exec(run.stdout) ?? [];
    assert.ok(Number(listed) > 10, run.stdout + run.stderr);
    const [, spent = '0'] = /^connections: (\d+) of at most 6 /m.exec(run.stdout) ?? [];
    assert.equal(at.connections(), Number(listed) + Number(spent));
    assert.match(run.stdout, /^ {2}TLSv1\.3: \d+/m);
    assert.match(run.stdout, /^ {4}TLS_AES_128_GCM_SHA256$/m);
  });

  it('leaves alone who asked for it, and says so', async (t) => {
    const at = await place(t);
    const [list, config] = [join(folder, 'opt-out.txt'), join(folder, 'waxwing.toml')];
    await writeFile(list, 'plain.test\n');
    await writeFile(config, '[check]\nopt_out = "opt-out.txt"\nhello = "scanner.test"\n');
    const run = await check(at, ['plain.test', '--json', '--config', config]);
    const report = checkReportSchema.parse(JSON.parse(run.stdout));
    assert.equal(at.connections(), 0);
    assert.match(report.hosts[0]?.skipped[0]?.because ?? '', /asked not to be tested has plain\.test/);
  });

  it('of lines that are no targets the first are told, and all are counted', async () => {
    const run = await waxwing(['check', '-'], 'a..test\n'.repeat(30));
    assert.equal(run.code, 2);
    assert.equal(run.stderr.match(/^error: line \d+ of stdin: /gm)?.length, 20);
    assert.match(run.stderr, /^error: further lines that are no targets are counted only$/m);
    assert.match(run.stderr, /^note: 30 lines are no target$/m);
  });

  it('a line of stdin that turns the direction of text does not turn that of the terminal', async () => {
    const run = await waxwing(['check', '-', '--json'], 'a\u202eb..test\n');
    assert.deepEqual([run.code, run.stdout], [2, '[]\n']);
    assert.match(run.stderr, /^error: line 1 of stdin: "a\?b\.\.test" /);
  });

  for (const [words, message] of [
    [['-'], /error: stdin: there is no target in it/],
    [['--from', '-'], /error: stdin: there is no result in it/],
  ] as const) {
    it(`exit code 2: ${words.join(' ')}, of which nothing comes`, async () => {
      const run = await waxwing(['check', ...words]);
      assert.deepEqual([run.code, run.stdout], [2, '']);
      assert.match(run.stderr, message);
    });
  }

  const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /error: name a target, such as a domain/],
    [['a..test'], /error: .*not a domain label/],
    [['user@example.test'], /waxwing check example\.test/],
    [['example.test', '--only', 'mta-sts'], /did you mean mtasts\?/],
    [['example.test', '--profile', 'dane-redy'], /no profile, and no file; did you mean dane-ready\?/],
    [['example.test', '--fail-at', 'soon'], /no date as RFC 3339 writes it/],
    [['example.test', '--fail-at', '2020-01-01'], /error: --fail-at 2020-01-01 is past; name a day to come/],
    [['example.test', '--fail-on', 'fatal'], /Allowed choices are critical, high, medium, low, info/],
    [['example.test', '--depth', 'full'], /Allowed choices are quick, standard, deep/],
    [['example.test', '--protocol', 'gopher'], /Allowed choices are smtp, submission/],
    [
      ['example.test', '--format', 'xml'],
      /Allowed choices are text, json, ndjson, csv, sarif, junit, nagios, /,
    ],
    [['example.test', '--json', '--format', 'ndjson'], /--json and --format ndjson do not go together/],
    [['example.test', '--gap', '-1'], /Seconds from 0 to 3600 are expected/],
    [['example.test', '--concurrency', '0'], /A whole number from 1 to 5000 is expected/],
    [
      ['a.test', 'b.test', '--suites', 'all'],
      /--suites all makes many connections: name one domain, or one server/,
    ],
    [['mx.example.test:25', 'mx2.example.test:25', '--suites', 'all'], /name one domain, or one server/],
    [['-', '--suites', 'all'], /name one domain, or one server/],
    [['mx.example.test:25', '--suites', 'all', '--depth', 'quick'], /--depth quick do not go together/],
    [['example.test', '--suites', 'some'], /Allowed choices are class, all/],
    [['example.test', '--from', 'x'], /--from has its targets in the file/],
    [['-', '-'], /stdin can be read once only/],
    [['--input', '/nowhere/at/all'], /error: --input \/nowhere\/at\/all: there is no such file/],
    [
      ['--input', 'x', '--resume', 's'],
      /error: --resume needs results that are a line each: --format ndjson/,
    ],
    [['--from', '/nowhere/at/all'], /error: --from \/nowhere\/at\/all: there is no such file/],
    [['example.test', '--dnssec', 'trust', '--resolver', '192.0.2.1'], /error: /],
  ];
  let refused: Promise<readonly Run[]> | undefined;
  for (const [index, [words, message]] of mistakes.entries()) {
    it(`exit code 2: ${words.join(' ')}`, async () => {
      refused ??= waxwings(mistakes.map(([one]) => one));
      const run = (await refused)[index] ?? assert.fail();
      assert.deepEqual([run.code, run.stdout], [2, '']);
      assert.match(run.stderr, message);
    });
  }
});
