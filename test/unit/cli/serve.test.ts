/** `waxwing serve` as a process: what it starts in spite of, and what it does not live on with. */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
  /** The exit code. */
  readonly ended: Promise<number | null>;
}

interface Options {
  /** Of the data folder, which is there before. */
  readonly mode?: number;
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
  { mode = 0o700, tables = [], nodeArgs = [], files = {} }: Options,
): Promise<Serving> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-serve-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'data'));
  chmodSync(join(folder, 'data'), mode);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const file = join(folder, 'waxwing.toml');
  const listener = ['[[listener]]', 'role = "submission"', 'address = "127.0.0.1:0"'];
  // Nobody answers there, so whatever is handed in stays.
  const dns = ['[dns]', 'resolver = ["127.0.0.1:9"]'];
  writeFileSync(
    file,
    ['hostname = "relay.test"', 'data = "data"', ...tables, ...dns, ...listener].join('\n'),
  );
  const words = [...nodeArgs, bin, 'serve', '--config', file];
  const child = spawn(process.execPath, words, { env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const log: LogLine[] = [];
  const ended = once(child, 'close').then(([code]): number | null => code);
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stderr).on('line', (line) => {
      if (!line.startsWith('{')) return reject(new Error(line));
      const said: LogLine = JSON.parse(line);
      log.push(said);
      if (said.msg === 'ready') resolve();
    });
  });
  return { process: child, file, log, ended };
}

function send({ file }: Serving): ReturnType<typeof waxwing> {
  const words = ['send', '--from', 'a@origin.test', '--to', 'b@far.test', '--timeout', '0'];
  return waxwing([...words, '--config', file], 'Subject: x\n\nx\n');
}

const said = ({ log }: Serving, level: number): string[] =>
  log.filter((line) => line.level === level).map(({ msg }) => msg);

describe('serve starts all the same, and warns', () => {
  for (const [why, from, to, message] of [
    [
      'a certificate that has expired',
      '2020-01-01',
      '2021-01-01',
      /cert\.pem expired at 2021-01-01T00:00:00/,
    ],
    ['a certificate of tomorrow', '2990-01-01', '2991-01-01', /cert\.pem is not valid before 2990-01-01T/],
  ] as const) {
    it(`with ${why}, which is an error in config check`, async (t) => {
      const dates = { notBefore: new Date(from), notAfter: new Date(to) };
      const { certPem, keyPem } = await authority.issue({ names: ['relay.test'], ...dates });
      const tables = ['[tls]', 'cert = "cert.pem"', 'key = "key.pem"'];
      const serving = await serve(t, { tables, files: { 'cert.pem': certPem, 'key.pem': keyPem } });
      assert.match(said(serving, WARN).join('\n'), message);
      const checked = await waxwing(['config', 'check', '--config', serving.file]);
      assert.equal(checked.code, 1);
      assert.match(checked.stderr, message);
    });
  }

  it('with a data folder that others can look into, naming its mode', async (t) => {
    const serving = await serve(t, { mode: 0o750 });
    assert.deepEqual(said(serving, WARN), [
      'the data folder has mode 0750: other users may read mail and keys; 0700 is right',
    ]);
  });

  it('and not with one of mode 0700', async (t) => {
    assert.deepEqual(said(await serve(t, { mode: 0o700 }), WARN), []);
  });
});

describe('serve with events.file = "-"', () => {
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

it('serve ends with exit code 1 when the thread that writes the queue is gone', async (t) => {
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(threadsEndOnSignal)}`];
  const serving = await serve(t, { nodeArgs });
  serving.process.kill('SIGUSR2');
  const sent = await send(serving);
  assert.equal(sent.code, 1, 'the message was not taken');
  assert.equal(await serving.ended, 1);
  assert.deepEqual(said(serving, FATAL), ['the queue has lost its writer; a new start repairs this']);
});
