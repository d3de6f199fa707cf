/** Secrets are told to nobody: every kind that a configuration has is marked, every kind of error made, and all that comes out is searched. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { createServer } from 'node:tls';
import { askRelay } from '../../../src/cli/control-client.ts';
import { makeApiKey } from '../../../src/relay/http-api/api-key.ts';
import { hashPassword } from '../../../src/relay/password.ts';
import { createAuthority } from '../../support/certificates.ts';
import { rawClient } from '../../support/raw-client.ts';
import { eventually } from '../../support/relay.ts';
import { bin, waxwing } from '../../unit/cli/control-peer.ts';

/** A secret that is recognised in whatever way it is written. */
function mark(what: string): string {
  return `mark-${what}-${randomBytes(9).toString('hex')}`;
}

const marks = {
  account: mark('account'),
  wrong: mark('wrong'),
  inClear: mark('in-clear'),
  route: mark('route'),
  routeFile: mark('route-file'),
  srs: mark('srs'),
  database: mark('database'),
  unknown: mark('unknown'),
  brokenHash: mark('broken-hash'),
  brokenWebhook: mark('broken-webhook'),
  brokenKey: mark('broken-key'),
  shownKey: mark('shown-key'),
};
const webhookSecret = `whsec_${randomBytes(32).toString('base64')}`;
const ed25519 = pem(generateKeyPairSync('ed25519').privateKey);
const dkim = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' });
}

/** A line out of the middle of a key. */
function lineOf(key: string): string {
  return key.split('\n').filter((line) => !line.startsWith('-----'))[0] ?? '';
}

/** Each secret as it stands, and as SASL writes it: alone, and in the message of PLAIN. */
function spellings(secret: string, user = ''): readonly string[] {
  const encode = (text: string): string => Buffer.from(text).toString('base64').replace(/=+$/, '');
  return [secret, encode(secret), encode(`\0${user}\0${secret}`)];
}

interface Serving {
  readonly folder: string;
  readonly file: string;
  readonly pid: number;
  readonly ports: ReadonlyMap<string, number>;
  readonly said: () => string;
  hangUp(): void;
  says(text: string): Promise<void>;
}

async function serve(t: TestContext, lines: readonly string[], files: Files, env: Files): Promise<Serving> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-secrets-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text, { mode: 0o600 });
  const file = join(folder, 'waxwing.toml');
  await writeFile(file, lines.join('\n'));
  const child = spawn(process.execPath, [bin, 'serve', '--config', file], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const said: string[] = [];
  const ports = new Map<string, number>();
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    const about: { msg?: string; port?: number } = line.startsWith('{') ? JSON.parse(line) : {};
    if (about.port !== undefined) ports.set(about.msg ?? '', about.port);
  });
  const serving: Serving = {
    folder,
    file,
    pid: child.pid ?? 0,
    ports,
    said: () => said.join('\n'),
    hangUp: () => void child.kill('SIGHUP'),
    says: (text) =>
      eventually(text, () => {
        if (child.exitCode !== null) throw new Error(said.join('\n'));
        return said.some((line) => line.includes(text)) ? true : undefined;
      }).then(() => {}),
  };
  await serving.says('"ready"');
  return serving;
}

type Files = Readonly<Record<string, string>>;

/** A next hop that refuses every login, and says with what it came. */
async function startEcho(t: TestContext, certPem: string, keyPem: string): Promise<number> {
  const server = createServer({ cert: certPem, key: keyPem }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('220 echo.test ESMTP\r\n');
    const lines = createInterface({ input: socket });
    // It tells of the socket's errors, too: the relay is killed at the end, whatever it has open.
    lines.on('error', () => {});
    lines.on('line', (line) => {
      const [verb = ''] = line.split(' ');
      if (verb === 'EHLO') socket.write('250-echo.test\r\n250 AUTH PLAIN\r\n');
      else if (verb === 'AUTH') socket.write(`535 5.7.8 no: ${line.split(' ').at(-1)}\r\n`);
      else if (verb === 'QUIT') socket.end('221 2.0.0 bye\r\n');
      else socket.write('503 5.5.1 log in first\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** What other users of the host may see of a process and its children; the environment only of children, as it is given to them. */
function visible(pid: number): string {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
  return [
    readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
    ...children.flatMap((child) => [
      readFileSync(`/proc/${child}/cmdline`, 'utf8'),
      readFileSync(`/proc/${child}/environ`, 'utf8'),
    ]),
  ].join('\n');
}

/** Hands a message in, after every login that goes wrong. */
async function logIn(port: number): Promise<void> {
  const plain = (secret: string, user = 'anna'): string =>
    Buffer.from(`\0${user}\0${secret}`).toString('base64');
  const clear = await rawClient(port);
  await clear.reply();
  await clear.expect('EHLO client.test', '250');
  await clear.expect(`AUTH PLAIN ${plain(marks.inClear)}`, '5');
  await clear.expect(`AUTH LOGIN ${marks.inClear}`, '5');
  clear.close();
  const client = await rawClient(port);
  await client.reply();
  await client.expect('EHLO client.test', '250');
  await client.expect('STARTTLS', '220');
  await client.secure();
  await client.expect('EHLO client.test', '250');
  await client.expect(`AUTH PLAIN ${plain(marks.wrong)}`, '535');
  await client.expect(`AUTH PLAIN ${plain(marks.unknown, 'zoe')}`, '454');
  await client.expect(`AUTH PLAIN ${marks.wrong}`, '5');
  await client.expect(`AUTH ${marks.wrong}`, '5');
  await client.expect(`AUTH PLAIN ${plain(marks.account)}`, '235');
  await client.expect('MAIL FROM:<anna@own.test>', '250');
  await client.expect('RCPT TO:<b@far.test>', '250');
  await client.expect('RCPT TO:<c@file.test>', '250');
  await client.expect('DATA', '354');
  await client.expect('From: <anna@own.test>\r\nSubject: x\r\n\r\nx\r\n.', '250');
  client.close();
}

async function get(url: string, key: string): Promise<string> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  return `${response.status} ${await response.text()}`;
}

describe('secrets', { skip: process.platform === 'linux' ? false : 'this looks into /proc' }, () => {
  it('stand in no log, no event, no answer and no list of processes', async (t) => {
    const authority = await createAuthority();
    const own = await authority.issue({ names: ['relay.test', 'localhost'] });
    const { key: apiKey, hash: apiHash } = makeApiKey(randomBytes);
    const accountHash = await hashPassword(marks.account, 'scram', randomBytes);
    const echo = await startEcho(t, own.certPem, own.keyPem);
    const files = {
      'cert.pem': own.certPem,
      'key.pem': own.keyPem,
      'ca.pem': authority.certPem,
      'account.hash': accountHash,
      'route.password': marks.routeFile,
      'srs.secret': marks.srs,
      'database.password': marks.database,
      'hook.secret': webhookSecret,
      'hook.pem': ed25519,
      'dkim.pem': dkim,
    };
    const lines = [
      'hostname = "relay.test"',
      'data = "data"',
      '[tls]',
      'cert = "cert.pem"',
      'key = "key.pem"',
      'ca = "ca.pem"',
      '[dns]',
      'resolver = ["127.0.0.1:9"]',
      '[events]',
      'file = "-"',
      'postfix_log = "-"',
      '[account_database]',
      'url = "postgresql://waxwing@127.0.0.1:9/mail"',
      'password_file = "database.password"',
      'query = "SELECT password_hash FROM users WHERE name = $1"',
      '[tls_rpt]',
      'socket = "tls-rpt.sock"',
      '[metrics]',
      'listen = "127.0.0.1:0"',
      '[api]',
      'listen = ["127.0.0.1:0"]',
      '[[api_key]]',
      'name = "shop"',
      `key_hash = "${apiHash}"`,
      'scopes = ["send", "read", "queue", "policy"]',
      '[[account]]',
      'user = "anna"',
      'password_hash_file = "account.hash"',
      '[[account]]',
      'user = "bea"',
      `password_hash = "${accountHash}"`,
      '[[listener]]',
      'role = "submission"',
      'address = "127.0.0.1:0"',
      '[[dkim]]',
      'domain = "own.test"',
      'selector = "s"',
      'key = "dkim.pem"',
      '[[domain]]',
      'name = "own.test"',
      'backend = "lmtp://127.0.0.1:9"',
      'recipients = ["anna"]',
      '[forwarding]',
      'srs_domain = "own.test"',
      'srs_secret_file = "srs.secret"',
      '[[webhook]]',
      'url = "http://127.0.0.1:9/hook"',
      'key_file = "hook.secret"',
      'ed25519_key_file = "hook.pem"',
    ];
    const to = `smtps://localhost:${echo}`;
    const env = {
      WAXWING_ROUTE: JSON.stringify([
        { match: 'file.test', to, user: 'shop', password_file: join('route.password') },
        { match: '*', to, user: 'shop', password: marks.route },
      ]),
    };
    const serving = await serve(t, lines, files, env);
    const { folder, file } = serving;
    const heard: string[] = [];

    await logIn(serving.ports.get('listening') ?? 0);
    const api = `http://127.0.0.1:${serving.ports.get('the HTTP API listens')}`;
    heard.push(await get(`${api}/v1/events`, marks.shownKey));
    heard.push(await get(`${api}/v1/events`, apiKey));
    await serving.says('"deferred"');
    heard.push(
      await (await fetch(`http://127.0.0.1:${serving.ports.get('metrics at /metrics')}/metrics`)).text(),
    );
    for (const path of ['/queue', '/quotas', '/policies', '/notices', '/webhooks', '/remembered-tls']) {
      const answer = await askRelay(join(folder, 'data'), { method: 'GET', path });
      heard.push(JSON.stringify(answer));
      assert.equal(answer.kind, 'answered');
    }
    const id = /"id":"([^"]+)"/.exec(serving.said())?.[1] ?? '';
    const hear = async (words: readonly string[], wanted: number): Promise<void> => {
      const { code, stdout, stderr } = await waxwing([...words, '--config', file], '', env);
      assert.equal(code, wanted, `${words.join(' ')}: ${stderr}`);
      heard.push(stdout, stderr);
    };
    await Promise.all([
      hear(['config', 'show', '--effective', '--json'], 0),
      hear(['queue', 'show', id], 0),
      hear(['queue', 'show', id, '--json'], 0),
    ]);
    heard.push(visible(serving.pid));

    // What an operator gets wrong is told without what it is.
    await writeFile(join(folder, 'account.hash'), marks.brokenHash);
    await writeFile(join(folder, 'hook.secret'), marks.brokenWebhook);
    await writeFile(
      join(folder, 'dkim.pem'),
      `-----BEGIN PRIVATE KEY-----\n${marks.brokenKey}\n-----END PRIVATE KEY-----\n`,
    );
    await writeFile(join(folder, 'srs.secret'), marks.srs.slice(0, 12));
    serving.hangUp();
    await serving.says('the configuration was not reloaded');
    await writeFile(
      file,
      [...lines, '[[route]]', 'match = "x.test"', `password = "${marks.brokenKey}`].join('\n'),
    );
    await hear(['config', 'check'], 1);
    heard.push(serving.said());

    const secrets: readonly (readonly [string, readonly string[]])[] = [
      ...Object.entries(marks).map(([name, secret]) => [name, spellings(secret, 'anna')] as const),
      ['route', spellings(marks.route, 'shop')],
      ['route.password', spellings(marks.routeFile, 'shop')],
      ['the short secret', [marks.srs.slice(0, 12)]],
      ['account.hash', [accountHash, accountHash.split('$').at(-1) ?? accountHash]],
      ['the API key', [apiKey, apiHash]],
      ['hook.secret', [webhookSecret, webhookSecret.slice('whsec_'.length)]],
      ['hook.pem', [lineOf(ed25519)]],
      ['dkim.pem', [lineOf(dkim)]],
      ['key.pem', [lineOf(own.keyPem)]],
    ];
    const all = heard.join('\n');
    assert.match(all, /535 5\.7\.8/, 'the login at the next hop was refused');
    assert.match(all, /an account cannot be looked up: PostgreSQL/);
    assert.match(all, /postfix\/smtp\[\d+\]: .*status=deferred/);
    const told = secrets.flatMap(([name, ways]) =>
      ways.flatMap((way) => {
        const at = all.indexOf(way);
        return at === -1 ? [] : [`${name}: …${all.slice(Math.max(0, at - 150), at + way.length + 20)}`];
      }),
    );
    assert.deepEqual(told, []);
  });
});
