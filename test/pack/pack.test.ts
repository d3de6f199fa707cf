/** The published package: what it holds, and that it works where it is installed, on each Node it is made for. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, statSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { DeliveryEvent } from '../../src/events/delivery-event.ts';
import { until } from '../peers/support/until.ts';

const run = promisify(execFile);
const checkout = join(import.meta.dirname, '../..');
const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--silent'];

let tarball = '';
before(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-pack-'));
  const packing = ['pack', '--silent', '--pack-destination', folder];
  const packed = await run('npm', packing, { cwd: checkout, env: withNode(dirname(process.execPath)) });
  tarball = join(folder, packed.stdout.trim().split('\n').at(-1) ?? '');
});
after(() => rm(dirname(tarball), { recursive: true, force: true }));

describe('the package', () => {
  it('holds each source file as JavaScript and as types, and nothing else', async () => {
    const listed = await run('tar', ['-tf', tarball]);
    const files = listed.stdout.trim().split('\n');
    const sources = globSync('**/*.ts', { cwd: join(checkout, 'src') }).map((file) => file.slice(0, -3));
    assert.ok(sources.includes('store/writer'));
    const built = sources.flatMap((file) => [`package/dist/${file}.js`, `package/dist/${file}.d.ts`]);
    const expected = [...built, 'package/LICENSE', 'package/package.json'].toSorted();
    assert.deepEqual(files.filter((file) => file !== 'package/README.md').toSorted(), expected);
  });
});

for (const major of [24, 26]) {
  describe(`the package on Node ${major}`, () => {
    let place = '';
    let env: NodeJS.ProcessEnv = {};

    before(async () => {
      place = await mkdtemp(join(tmpdir(), `waxwing-node${major}-`));
      env = withNode(await nodeOf(major, join(place, 'node')));
      const said = await run('node', ['--version'], { env });
      assert.match(said.stdout, new RegExp(`^v${major}\\.`));
      await writeFile(join(place, 'package.json'), '{ "type": "module" }\n');
      await run('npm', [...install, tarball], { cwd: place, env });
    });
    after(() => rm(place, { recursive: true, force: true }));

    const waxwing = (...words: readonly string[]) => run('npx', ['waxwing', ...words], { cwd: place, env });

    it('runs as npx waxwing and knows its version', async () => {
      const manifest = await readFile(join(checkout, 'package.json'), 'utf8');
      const { version }: { version: string } = JSON.parse(manifest);
      assert.equal((await waxwing('--version')).stdout, `${version}\n`);
    });

    it('writes a configuration that it accepts', async () => {
      const file = join(place, 'waxwing.toml');
      await waxwing('config', 'init', '--output', file);
      assert.equal((await waxwing('config', 'check', '--config', file)).stdout, `${file}: ok\n`);
    });

    it('is a module with types: a line of the event log is checked, and then has a type', async () => {
      await writeFile(join(place, 'reader.ts'), READER);
      const settings = ['--module', 'nodenext', '--strict', '--target', 'es2024', '--types', 'node'];
      const roots = ['--typeRoots', join(checkout, 'node_modules/@types')];
      // The compiler of the checkout, as a package that brings none can be used with any.
      const compiler = join(checkout, 'node_modules/.bin/tsc');
      await run(compiler, [...settings, ...roots, 'reader.ts'], { cwd: place });
      assert.equal(
        (await run('node', ['reader.js'], { cwd: place, env })).stdout,
        'delivered refused refused\n',
      );
    });

    it('waxwing/starttls and waxwing/policy have types, by which the examples are right, and do what they say', async () => {
      const page = await readFile(join(checkout, 'docs/library.md'), 'utf8');
      const shown = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
      assert.equal(shown.length, 4);
      const programs = [...shown, UPGRADER, DECIDER];
      const files = programs.map((_, index) => `program-${index}.ts`);
      await Promise.all(files.map((file, index) => writeFile(join(place, file), programs[index] ?? '')));
      await copyFile(join(checkout, 'examples/nodemailer.ts'), join(place, 'nodemailer.ts'));
      const settings = ['--module', 'nodenext', '--strict', '--target', 'es2024', '--types', 'node'];
      const roots = ['--typeRoots', join(checkout, 'node_modules/@types')];
      const compiler = join(checkout, 'node_modules/.bin/tsc');
      await run(compiler, [...settings, ...roots, ...files, 'nodemailer.ts'], { cwd: place });
      const said = async (file: string, ...words: readonly string[]): Promise<string> =>
        (await run('node', [file, ...words], { cwd: place, env })).stdout;
      assert.equal(await said('program-4.js'), 'notOffered server.test does not offer STARTTLS\n');
      assert.equal(await said('program-5.js'), 'defer provable: no\n');
    });

    it('checks a long list on all cores, and goes on with it where it was interrupted', async () => {
      const [list, output] = [join(place, 'list'), join(place, 'results.ndjson')];
      // Nobody listens there; more than a thread is begun for.
      const targets = Array.from({ length: 1_200 }, (_, at) => `[127.${90 + (at >> 8)}.0.${at & 0xff}]:1`);
      await writeFile(list, `${targets.join('\n')}\n`);
      const command = join(place, 'node_modules/.bin/waxwing');
      const words = ['check', '--input', list, '--resume', join(place, 'state'), '--format', 'ndjson'];
      const checking = async (onSize: number): Promise<{ readonly code: unknown; readonly said: string }> => {
        const file = await open(output, 'a');
        const all = [...words, '--depth', 'quick', '--resolver', '127.0.0.1:9'];
        const child = spawn(command, all, { cwd: place, env, stdio: ['ignore', file.fd, 'pipe'] });
        const said = child.stderr === null ? Promise.resolve('') : text(child.stderr);
        const ended = once(child, 'close');
        const watch = setInterval(() => {
          if (statSync(output).size > onSize) child.kill('SIGKILL');
        }, 5);
        const [code]: unknown[] = await ended;
        clearInterval(watch);
        await file.close();
        return { code, said: await said };
      };
      assert.equal((await checking(0)).code, null);
      const { code, said } = await checking(Number.POSITIVE_INFINITY);
      assert.equal(code, 1, said);
      assert.match(said, /^note: going on: [0-9,]+ targets are done\n/);
      const lines = (await readFile(output, 'utf8')).trimEnd().split('\n');
      const found = lines.map((line) => {
        const report: { target: string } = JSON.parse(line);
        return report.target;
      });
      assert.deepEqual(found.toSorted(), targets.toSorted());
    });

    it('serves, keeps a message with its writer thread, and says what became of it', async () => {
      const config = join(place, 'serve.toml');
      const data = join(place, 'data');
      const listener = '[[listener]]\nrole = "submission"\naddress = "127.0.0.1:0"\n';
      const nowhere = '[[route]]\nmatch = "*"\nto = "smtp://127.0.0.1:1"\n';
      const dns = '[dns]\nresolver = ["127.0.0.1:9"]\n';
      await writeFile(config, `hostname = "waxwing.test"\ndata = "data"\n${dns}${listener}${nowhere}`);
      // Not through npx, which does not hand a SIGTERM on.
      const command = join(place, 'node_modules/.bin/waxwing');
      const serving = spawn(command, ['serve', '--config', config], {
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
        const words = ['--json', '--timeout', '1', '--from', 'a@b.test', '--to', 'c@d.test'];
        const sending = run(command, ['send', '--config', config, ...words], { cwd: place, env });
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
}

/** A program of somebody else, who reads the event log. */
const READER = `import { type DeliveryEvent, deliveryEventSchema, type Resolution, resolutionSchema } from 'waxwing';
const event: DeliveryEvent = {
  event: 'delivered', id: 'x', at: '2026-11-22T00:00:00.000Z', from: '', to: 'a@b.test', mx: null, reply: null,
  attempt: 1, tls: null, nextAttemptAt: null,
};
const read = deliveryEventSchema.safeParse(JSON.parse(JSON.stringify(event)));
const wrong = deliveryEventSchema.safeParse({ ...event, event: 'lost' });
const status: Resolution['status'] = 'secure';
const half = resolutionSchema.safeParse({ schema: 'waxwing.resolve/1', status });
console.log(read.success ? read.data.event : 'refused', wrong.success ? wrong.data.event : 'refused', half.success ? half.data.status : 'refused');
`;

/** A program of somebody else, who has a socket to a server without STARTTLS. */
const UPGRADER = `import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { startTls, type StartTlsResult } from 'waxwing/starttls';
const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.on('data', () => socket.write('* CAPABILITY IMAP4rev1\\r\\nw1 OK done\\r\\n'));
  socket.write('* OK ready\\r\\n');
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('no port');
const socket = connect(address.port, '127.0.0.1');
await once(socket, 'connect');
const result: StartTlsResult = await startTls(socket, { protocol: 'imap', serverName: 'server.test' });
console.log(result.kind, result.kind === 'secured' ? '' : result.because.replace(/ [(][^)]*[)]/, ''));
server.close();
`;

/** A program of somebody else, who wants to know where mail may go, and has no resolver. */
const DECIDER = `import { decide, lookupPolicy, openLookups, type PolicyDecision } from 'waxwing/policy';
let notice = '';
const onNotice = (sentence: string) => { notice = sentence; };
const lookups = await openLookups({ resolver: '127.0.0.1:9', timeoutMs: 200, folder: 'policies', onNotice });
const decision: PolicyDecision = decide(await lookupPolicy('example.test', lookups), { level: 'encrypt' });
await lookups.close();
console.log(decision.kind, 'provable:', notice.startsWith('no resolver answers: 127.0.0.1:9') ? 'no' : notice);
`;

/** An environment in which `node`, and what npm starts, is the one in this folder. */
function withNode(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, PATH: [folder, process.env['PATH'] ?? ''].join(delimiter) };
}

/** @returns the folder of a Node of this major version: the one that runs this, or else fetched from the registry. */
async function nodeOf(major: number, folder: string): Promise<string> {
  if (Number(process.versions.node.split('.')[0]) === major) return dirname(process.execPath);
  const name = `node-${platform()}-${arch()}`;
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{}\n');
  await run('npm', [...install, `${name}@${major}`], { cwd: folder });
  return join(folder, 'node_modules', name, 'bin');
}
