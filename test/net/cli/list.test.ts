/** The policy list in the program as it runs: signed by a command, looked for, refused, kept over a restart, explained. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { readExposition } from '../../support/exposition.ts';
import { DAY, listText, newSigner, signed } from '../../support/lists.ts';
import { eventually } from '../../support/relay.ts';
import { bin } from '../../unit/cli/control-peer.ts';

const HOUR = DAY / 24;

interface LogLine {
  readonly msg: string;
  readonly port?: number;
}

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...words: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [bin, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

/** A list that is in date. @param made milliseconds before now. */
function text(made: number, policies?: Readonly<Record<string, unknown>>, life = DAY): string {
  const now = Date.now();
  const times = {
    timestamp: new Date(now - made).toISOString(),
    expires: new Date(now + life).toISOString(),
  };
  return listText({ ...times, ...(policies === undefined ? {} : { policies }) });
}

async function serve(t: TestContext, config: string) {
  const child = spawn(process.execPath, [bin, 'serve', '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
  };
  t.after(stop);
  const log: LogLine[] = [];
  createInterface(child.stderr).on('line', (line) => {
    const read: LogLine = JSON.parse(line);
    log.push(read);
  });
  const logged = (said: RegExp): Promise<LogLine> =>
    eventually(String(said), () => log.find(({ msg }) => said.test(msg)));
  await logged(/^ready$/);
  const { port } = await logged(/^metrics at/);
  return {
    logged,
    stop,
    hangUp: () => void child.kill('SIGHUP'),
    metrics: async () => readExposition(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
  };
}

describe('the policy list, from its author to what deliveries go by', () => {
  it('is signed, taken, shown, refused where it goes back in time, and there after a restart', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'waxwing-list-'));
    t.after(() => rm(folder, { recursive: true }));
    const at = (name: string): string => join(folder, name);
    const config = at('waxwing.toml');
    const author = newSigner();
    await writeFile(at('key.pem'), author.private.export({ format: 'pem', type: 'pkcs8' }));
    await writeFile(at('policy.json'), text(2 * DAY));
    const done = await run('policy', 'sign-list', at('policy.json'), '--key', at('key.pem'));
    const keys = /^Whoever goes by it names the key: \[list\] (keys = .*)$/m.exec(done.stdout)?.[1];
    assert.ok(keys !== undefined, done.stderr);
    for (const [name, list] of [
      ['older.json', text(3 * DAY)],
      ['newer.json', text(DAY, { 'new.test': { mode: 'enforce', mxs: ['.new.test'] } })],
      ['ending.json', text(HOUR, {}, HOUR / 12)],
    ] as const) {
      const { signature } = signed(list, author);
      await writeFile(at(name), list);
      await writeFile(at(`${name}.sig`), signature);
    }
    const configure = (trusted: string): Promise<void> =>
      writeFile(
        config,
        [
          'hostname = "relay.test"\ndata = "data"\nlistener = []',
          `[list]\n${trusted}`,
          '[dns]\nresolver = ["127.0.0.1:9"]\ndnssec = "off"',
          '[metrics]\nlisten = "127.0.0.1:0"',
        ].join('\n'),
      );
    await configure(`source = "policy.json"\n${keys}`);
    const first = await serve(t, config);
    await first.logged(/^a new policy list is in force: it names 3 domains, signed by [0-9a-f]{16}$/);
    // Its signature is beside it.
    const refused = await run('policy', 'import-list', at('older.json'), '--config', config);
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /^the list was refused \(rollback\): it was made at /);
    await first.logged(/^a policy list was refused \(rollback\): .*; the one of .* stays in force until /);
    // Half written: the new list is there, and its signature is not yet.
    await copyFile(at('newer.json'), at('policy.json'));
    first.hangUp();
    await first.logged(/^a policy list was refused \(signature\): .*; the one of .* stays in force/);
    const metrics = await first.metrics();
    assert.equal(metrics.get('waxwing_list_domains'), 3);
    assert.equal(metrics.get('waxwing_list_looks_total{outcome="rollback"}'), 1);
    assert.equal(metrics.get('waxwing_list_looks_total{outcome="signature"}'), 1);
    assert.ok((metrics.get('waxwing_list_left_seconds') ?? 0) > 86_000);
    await first.stop();

    const second = await serve(t, config);
    const listed = await run('policy', 'list', '--config', config);
    assert.match(listed.stdout, /^policy list: in force, 3 domains$/m);
    assert.match(listed.stdout, /^ {2}last look .*: it was refused \(signature\): /m);
    await copyFile(at('newer.json.sig'), at('policy.json.sig'));
    second.hangUp();
    await second.logged(/^a new policy list is in force: it names 1 domain, /);
    for (const suffix of ['', '.sig']) await copyFile(at(`ending.json${suffix}`), at(`policy.json${suffix}`));
    second.hangUp();
    await second.logged(/^the policy list ends at .*, and no newer one could be had so far/);
    const ending = await run('policy', 'list', '--config', config);
    assert.match(ending.stdout, /^policy list: in force, 0 domains; it ends soon, and no newer one /m);
    await configure(`keys = ["${newSigner().public.base64}"]`);
    second.hangUp();
    await second.logged(
      /^none of list\.keys has signed the policy list of .* that is kept: nothing of it protects mail any more/,
    );
    await second.stop();

    await configure('');
    const third = await serve(t, config);
    await third.logged(
      /^list\.keys is not set, and a policy list of .* is kept: nothing of it protects mail/,
    );
  });
});
