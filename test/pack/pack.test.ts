/** The published package: what it holds, and that it runs where it is installed. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { DeliveryEvent } from '../../src/events/delivery-event.ts';
import { until } from '../peers/support/until.ts';

const run = promisify(execFile);
const checkout = join(import.meta.dirname, '../..');
// npm and what it starts run on the Node of this process, not on the machine's.
const env = { ...process.env, PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter) };

describe('the package', () => {
  let place = '';
  let files: string[] = [];
  let waxwing = '';

  before(async () => {
    place = await mkdtemp(join(tmpdir(), 'waxwing-pack-'));
    const packed = await run('npm', ['pack', '--silent', '--pack-destination', place], {
      cwd: checkout,
      env,
    });
    const tarball = join(place, packed.stdout.trim().split('\n').at(-1) ?? '');
    const listed = await run('tar', ['-tf', tarball]);
    files = listed.stdout.trim().split('\n');
    await writeFile(join(place, 'package.json'), '{}\n');
    const options = ['--prefer-offline', '--no-audit', '--no-fund', '--silent'];
    await run('npm', ['install', ...options, tarball], { cwd: place, env });
    waxwing = join(place, 'node_modules/.bin/waxwing');
  });
  after(() => rm(place, { recursive: true, force: true }));

  it('holds each source file as JavaScript and as types, and nothing else', () => {
    const sources = globSync('**/*.ts', { cwd: join(checkout, 'src') }).map((file) => file.slice(0, -3));
    assert.ok(sources.includes('store/writer'));
    const built = sources.flatMap((file) => [`package/dist/${file}.js`, `package/dist/${file}.d.ts`]);
    const expected = [...built, 'package/LICENSE', 'package/package.json'].toSorted();
    assert.deepEqual(files.filter((file) => file !== 'package/README.md').toSorted(), expected);
  });

  it('is installed with the command; it knows its version', async () => {
    const manifest: { version: string } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'));
    const said = await run(waxwing, ['--version'], { cwd: place, env });
    assert.equal(said.stdout, `${manifest.version}\n`);
  });

  it('writes a configuration that it accepts', async () => {
    const file = join(place, 'waxwing.toml');
    await run(waxwing, ['config', 'init', '--output', file], { cwd: place, env });
    const checked = await run(waxwing, ['config', 'check', '--config', file], { cwd: place, env });
    assert.equal(checked.stdout, `${file}: ok\n`);
  });

  it('serves, keeps a message with its writer thread, and says what became of it', async () => {
    const config = join(place, 'serve.toml');
    const data = join(place, 'data');
    const listener = '[[listener]]\nrole = "submission"\naddress = "127.0.0.1:0"\n';
    const nowhere = '[[route]]\nmatch = "*"\nto = "smtp://127.0.0.1:1"\n';
    await writeFile(config, `hostname = "waxwing.test"\ndata = "data"\n${listener}${nowhere}`);
    const serving = spawn(waxwing, ['serve', '--config', config], {
      cwd: place,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    serving.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
    const exited = once(serving, 'exit');
    try {
      await until(
        () => log.includes('"msg":"ready"'),
        () => log,
      );
      const sending = run(
        waxwing,
        ['send', '--config', config, '--json', '--timeout', '1', '--from', 'a@b.test', '--to', 'c@d.test'],
        { cwd: place, env },
      );
      sending.child.stdin?.end('Subject: x\n\ntext\n');
      const sent = await sending.then(
        () => assert.fail('nobody listens on port 1'),
        (error: { code: number; stdout: string }) => error,
      );
      assert.equal(sent.code, 75);
      const [event]: DeliveryEvent[] = JSON.parse(sent.stdout);
      assert.equal(event?.event, 'deferred');
      assert.ok(existsSync(join(data, 'queue.db')));
    } finally {
      serving.kill('SIGTERM');
      await exited;
    }
    assert.equal(serving.exitCode, 0, log);
    assert.deepEqual(await readdir(join(data, 'incoming')), []);
  });
});
