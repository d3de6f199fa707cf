/** `waxwing serve` as a process: what it starts in spite of, and what it does not live on with. */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { createAuthority } from '../../support/certificates.ts';
import { bin, waxwing } from './control-peer.ts';

const authority = await createAuthority();

interface LogLine {
  readonly level: number;
  readonly msg: string;
}

interface Serving {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  readonly file: string;
  readonly log: readonly LogLine[];
  /** Resolves once it says so. */
  readonly says: (msg: string) => Promise<void>;
  /** The exit code. */
  readonly ended: Promise<number | null>;
}

interface Options {
  /** `none`: everything by flag and environment. */
  readonly file?: 'none';
  /** Lines of `waxwing.toml` before its tables. */
  readonly tables?: readonly string[];
  readonly nodeArgs?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

const WARN = 40;
const FATAL = 60;

/** Starts it and waits until it is ready. */
async function serve(
  t: TestContext,
  { file: none, tables = [], nodeArgs = [], files = {} }: Options,
): Promise<Serving> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-serve-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const file = join(folder, 'waxwing.toml');
  const listener = ['[[listener]]', 'role = "submission"', 'address = "127.0.0.1:0"'];
  // Nobody answers there, so whatever is handed in stays.
  const dns = ['[dns]', 'resolver = ["127.0.0.1:9"]'];
  writeFileSync(
    file,
    ['hostname = "relay.test"', 'data = "data"', ...tables, ...dns, ...listener].join('\n'),
  );
  const words = none === undefined ? ['--config', file] : ['--data', join(folder, 'data')];
  const env = {
    WAXWING_LISTENER: '[{"role":"submission","address":"127.0.0.1:0"}]',
    WAXWING_HOSTNAME: 'relay.test',
    WAXWING_DNS_RESOLVER: '["127.0.0.1:9"]',
  };
  const child = spawn(process.execPath, [...nodeArgs, bin, 'serve', ...words], {
    env: none === undefined ? {} : env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const log: LogLine[] = [];
  const ended = once(child, 'close').then(([code]): number | null => code);
  const broken = Promise.withResolvers<never>();
  const lines = createInterface(child.stderr).on('line', (line) => {
    if (line.startsWith('{')) log.push(JSON.parse(line));
    else broken.reject(new Error(line));
  });
  void once(child, 'exit').then(([, signal]) => {
    if (signal !== null) broken.reject(new Error(`it was ended by ${signal}`));
  });
  // Whoever waits hears of it; nobody has to.
  broken.promise.catch(() => undefined);
  const says = async (msg: string): Promise<void> => {
    while (!log.some((line) => line.msg === msg)) await Promise.race([once(lines, 'line'), broken.promise]);
  };
  await says('ready');
  return { process: child, file, log, says, ended };
}

function send({ file }: Serving): ReturnType<typeof waxwing> {
  const words = ['send', '--from', 'a@origin.test', '--to', 'b@far.test', '--timeout', '0'];
  return waxwing([...words, '--config', file], 'Subject: x\n\nx\n');
}

const said = ({ log }: Serving, level: number): string[] =>
  log.filter((line) => line.level === level).map(({ msg }) => msg);

/** Ends every thread of the program when SIGUSR2 comes, as an error in it would. */
const threadsEndOnSignal = `
  import threads from 'node:worker_threads';
  import { syncBuiltinESMExports } from 'node:module';
  threads.Worker = class extends threads.Worker {
    constructor(...words) {
      super(...words);
      process.once('SIGUSR2', () => this.terminate());
    }
  };
  syncBuiltinESMExports();`;

/** Sends itself the signal when the program asks for its first module of any weight: nothing is set up by then. */
const duringStart = (signal: string): readonly string[] => {
  const code = `
    import { registerHooks } from 'node:module';
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier === './main.ts') process.kill(process.pid, '${signal}');
        return next(specifier, context);
      },
    });`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
};

describe('serve', { concurrency: 4 }, () => {
  it('reads its configuration again for a SIGHUP that came during the start', async (t) => {
    const serving = await serve(t, { nodeArgs: duringStart('SIGHUP') });
    await serving.says('the configuration was reloaded');
    serving.process.kill('SIGTERM');
    assert.equal(await serving.ended, 0);
  });

  for (const signal of ['SIGTERM', 'SIGINT']) {
    it(`ends in order for a ${signal} that came during the start`, async (t) => {
      const serving = await serve(t, { nodeArgs: duringStart(signal) });
      assert.equal(await serving.ended, 0);
      assert.equal(serving.log.at(-1)?.msg, 'stopped');
    });
  }

  it('starts with a certificate that has expired and warns, which is an error in config check', async (t) => {
    const dates = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };
    const { certPem, keyPem } = await authority.issue({ names: ['relay.test'], ...dates });
    const tables = ['[tls]', 'cert = "cert.pem"', 'key = "key.pem"'];
    const serving = await serve(t, { tables, files: { 'cert.pem': certPem, 'key.pem': keyPem } });
    const message = /cert\.pem expired at 2021-01-01T00:00:00/;
    assert.match(said(serving, WARN).join('\n'), message);
    const checked = await waxwing(['config', 'check', '--config', serving.file]);
    assert.equal(checked.code, 1);
    assert.match(checked.stderr, message);
  });

  it('reads its configuration again at SIGHUP, and stops at the next SIGTERM', async (t) => {
    const serving = await serve(t, {});
    serving.process.kill('SIGHUP');
    await serving.says('the configuration was reloaded');
    serving.process.kill('SIGTERM');
    assert.equal(await serving.ended, 0);
    assert.deepEqual(
      serving.log.slice(-2).map(({ msg }) => msg),
      ['stopping', 'stopped'],
    );
  });

  it('without a file has nothing to read again: SIGHUP stops it in order', async (t) => {
    const serving = await serve(t, { file: 'none' });
    serving.process.kill('SIGHUP');
    assert.equal(await serving.ended, 0);
    assert.equal(serving.log.at(-1)?.msg, 'stopped');
  });

  describe('with events.file = "-"', { concurrency: 2 }, () => {
    const tables = ['[events]', 'file = "-"'];

    it('stops in order with exit code 1 when nobody reads its events any more', async (t) => {
      const serving = await serve(t, { tables });
      serving.process.stdout.destroy();
      await send(serving);
      assert.equal(await serving.ended, 1);
      assert.deepEqual(said(serving, FATAL), ['the events cannot be written to stdout']);
      assert.deepEqual(
        serving.log.slice(-2).map(({ msg }) => msg),
        ['stopping', 'stopped'],
      );
    });

    it('stops with exit code 0 when it is told to', async (t) => {
      const serving = await serve(t, { tables });
      const lines: string[] = [];
      createInterface(serving.process.stdout).on('line', (line) => lines.push(line));
      await send(serving);
      serving.process.kill('SIGTERM');
      assert.equal(await serving.ended, 0);
      assert.match(lines[0] ?? '', /^\{"event":"received",/);
      assert.deepEqual(said(serving, FATAL), []);
    });
  });

  it('ends with exit code 1 when the thread that writes the queue is gone', async (t) => {
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(threadsEndOnSignal)}`];
    const serving = await serve(t, { nodeArgs });
    serving.process.kill('SIGUSR2');
    const sent = await send(serving);
    assert.equal(sent.code, 1, 'the message was not taken');
    assert.equal(await serving.ended, 1);
    assert.deepEqual(said(serving, FATAL), ['the queue has lost its writer; a new start repairs this']);
  });
});
