/** What a relay says at its start of the resolvers that it is given. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it, type TestContext } from 'node:test';
import { types } from '../../../src/dns/record.ts';
import { showRecord } from '../../../src/dns/show.ts';
import { answerOver } from '../../support/dns/authority.ts';
import { isRrsig } from '../../support/dns/rrsig.ts';
import { type Script, says, startScriptedServer } from '../../support/dns/server.ts';
import { dsOf, signZone } from '../../support/dns/signed-zone.ts';
import { bin } from '../../unit/cli/control-peer.ts';

const now = Math.floor(Date.now() / 1000);
const root = signZone(
  { name: '.', text: 'a TXT "x"', denial: 'nsec', inception: now - 86_400, expiration: now + 86_400 },
  [],
);

const honest: Script = (query) => {
  const { rcode, answers, authority } = answerOver([root], query.question);
  return says(query, { rcode, answers, authority });
};

const stripping: Script = (query) => {
  const { rcode, answers } = answerOver([root], query.question);
  return says(query, { rcode, answers: answers.filter((one) => !isRrsig(one)) });
};

interface LogLine {
  readonly level: number;
  readonly msg: string;
}

let folder = '';
let anchor = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxwing-serve-'));
  anchor = join(folder, 'root.key');
  await writeFile(anchor, `. IN DS ${showRecord(types.DS, dsOf(root).data)}\n`);
});
after(() => rm(folder, { recursive: true }));

/** The first line of the log that is about DNS, and the resolver of which it is. */
async function lineAboutDns(
  t: TestContext,
  script: Script,
  ...words: readonly string[]
): Promise<LogLine & { readonly server: string }> {
  const { address, port } = await startScriptedServer(t, script);
  const server = `${address}:${port}`;
  const data = await mkdtemp(join(tmpdir(), 'waxwing-serve-'));
  const options = ['--data', data, '--resolver', server, '--trust-anchor', anchor, ...words];
  const env = { WAXWING_HOSTNAME: 'relay.test', WAXWING_LISTENER: '[]' };
  const child = spawn(process.execPath, [bin, 'serve', ...options], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await exited;
    await rm(data, { recursive: true });
  });
  for await (const text of createInterface(child.stderr)) {
    const line: LogLine = JSON.parse(text);
    if (/DNS|resolver/.test(line.msg)) return { ...line, server };
  }
  throw new Error('nothing was logged about DNS');
}

describe('waxwing serve', { concurrency: 2 }, () => {
  it('says that answers can be proven', async (t) => {
    const { level, msg, server } = await lineAboutDns(t, honest);
    assert.equal(level, 30);
    assert.ok(msg.startsWith(`answers of DNS can be proven: ${server} `), msg);
  });

  it('is loud where the resolver gives no records of DNSSEC: names it, what follows, and the remedy', async (t) => {
    const { level, msg, server } = await lineAboutDns(t, stripping);
    assert.equal(level, 50);
    assert.ok(msg.startsWith(`Answers of DNS cannot be proven: ${server} gives no DNSSEC records`), msg);
    assert.match(msg, /Mail goes on, as if no domain were signed\. To change that: name a resolver/);
  });

  it('is loud where it trusts the resolver, and no AD bit comes', async (t) => {
    const { level, msg, server } = await lineAboutDns(t, honest, '--dnssec', 'trust');
    assert.equal(level, 50);
    assert.ok(msg.startsWith(`Answers of DNS cannot be proven: ${server} does not validate`), msg);
    assert.match(msg, /To change that: switch validation on in the resolver/);
  });

  it('is loud where no resolver answers', async (t) => {
    const { level, msg, server } = await lineAboutDns(t, () => []);
    assert.equal(level, 50);
    assert.ok(msg.startsWith(`No resolver answers: ${server} did not answer within`), msg);
    assert.match(msg, /Mail that needs DNS waits\. To change that: look whether the address is right/);
  });
});
