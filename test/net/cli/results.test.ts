/** What a Postfix tells of its sessions, from its socket to the operator's eyes, in the program as it runs. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { askRelay } from '../../../src/cli/control-client.ts';
import type { ResultPage } from '../../../src/relay/control-results.ts';
import { readExposition } from '../../support/exposition.ts';
import { eventually } from '../../support/relay.ts';
import { bin } from '../../unit/cli/control-peer.ts';

/** As libtlsrpt sent them: real datagrams. */
const recorded = join(import.meta.dirname, '../../../../shared/vectors/reports/datagrams');
const skip = existsSync(recorded) ? false : 'the recorded datagrams are not here';

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly port?: number;
}

interface Program {
  readonly folder: string;
  readonly socket: string;
  readonly log: readonly LogLine[];
  readonly metrics: () => Promise<ReadonlyMap<string, number>>;
  readonly cli: (...words: readonly string[]) => Promise<string>;
  readonly stop: () => Promise<void>;
}

async function output(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(child, 'close');
  return text;
}

async function start(t: TestContext): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-results-'));
  t.after(() => rm(folder, { recursive: true }));
  const config = join(folder, 'waxwing.toml');
  const socket = join(folder, 'tlsrpt.sock');
  await writeFile(
    config,
    [
      'hostname = "relay.test"',
      'data = "data"',
      'listener = []',
      '[dns]\nresolver = ["127.0.0.1:9"]\ndnssec = "off"',
      '[metrics]\nlisten = "127.0.0.1:0"',
      '[tls_rpt]\nsocket = "tlsrpt.sock"',
    ].join('\n'),
  );
  const run = (...words: readonly string[]): ChildProcess =>
    spawn(process.execPath, [bin, ...words, '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  const child = run('serve');
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
  };
  t.after(stop);
  const log: LogLine[] = [];
  if (child.stderr === null) throw new Error('there is no stderr');
  createInterface(child.stderr).on('line', (line) => {
    const read: LogLine = JSON.parse(line);
    log.push(read);
  });
  const logged = (msg: string): Promise<LogLine> =>
    eventually(msg, () => log.find((line) => line.msg.startsWith(msg)));
  await logged('results of sessions are taken at the socket');
  await logged('ready');
  const { port } = await logged('metrics at /metrics');
  return {
    folder,
    socket,
    log,
    metrics: async () => readExposition(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
    cli: (...words) => output(run(...words)),
    stop,
  };
}

/** Sends files as they are, one datagram each, as an MTA does. */
function send(socket: string, files: readonly string[]): Promise<string> {
  const program = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for name in sys.argv[2:]: s.sendto(open(name, 'rb').read(), sys.argv[1])`;
  return output(
    spawn('python3', ['-c', program, socket, ...files], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
}

describe('results of a Postfix', { skip }, () => {
  it('are counted, kept over a restart of nothing, and shown by policy show and in the metrics', async (t) => {
    const program = await start(t);
    const names = (await readdir(recorded)).filter((name) => /^\d\d-/.test(name)).toSorted();
    assert.equal(names.length, 9);
    const broken = join(program.folder, 'broken.json');
    await writeFile(broken, '{"dpv": "1", "d": "example.com", "policies": [');
    await send(program.socket, [...names.map((name) => join(recorded, name)), broken]);
    const datagrams = 'waxwing_tlsrpt_datagrams_total';
    await eventually('the datagrams', async () =>
      (await program.metrics()).get(`${datagrams}{kind="counted"}`) === 9 ? true : undefined,
    );
    const metrics = await program.metrics();
    assert.equal(metrics.get(`${datagrams}{kind="unusable"}`), 1);
    assert.equal(
      metrics.get('waxwing_tls_sessions_total{source="postfix",policy="sts",result="success"}'),
      4,
    );
    assert.equal(
      metrics.get('waxwing_tls_sessions_total{source="postfix",policy="tlsa",result="tlsa-invalid"}'),
      1,
    );
    assert.ok(
      program.log.some(({ msg }) => msg === 'results of a session are lost: the datagram is not JSON'),
    );

    const text = await program.cli('policy', 'show', 'example.com');
    assert.match(text, /^example\.com: TLS sessions on \d{4}-\d\d-\d\d \(UTC\)$/m);
    assert.match(text, /^ {2}without a policy: 2 good, 0 failed, counted by postfix$/m);
    assert.match(
      text,
      /^ {4}1 × validation-failure at mx2\.example\.com \(2001:db8::1\): self-signed certificate$/m,
    );
    const stats = await program.cli('queue', 'stats');
    assert.match(stats, /^no mail has travelled since \d{4}-\d\d-\d\d$/m);

    const answer = await askRelay(join(program.folder, 'data'), { method: 'GET', path: '/tls-results' });
    assert.ok(answer.kind === 'answered' && answer.status === 200);
    const page = answer.body as ResultPage;
    assert.deepEqual(
      page.domains.map(({ domain }) => domain),
      ['all-codes.example', 'big.example', 'example.com'],
    );
    await program.stop();
    assert.equal(existsSync(program.socket), false);
  });
});
