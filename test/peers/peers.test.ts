/** The real peers themselves: they run here, privately, and leave nothing behind. */
import assert from 'node:assert/strict';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../support/certificates.ts';
import { rawClient } from '../support/raw-client.ts';
import { startTap } from '../support/tap.ts';
import { curl, type HandIn, msmtp, smtplib, swaks } from './support/clients.ts';
import { startDovecot } from './support/dovecot.ts';
import { startExim } from './support/exim.ts';
import { startOpenSmtpd } from './support/opensmtpd.ts';
import { peerTest } from './support/peer.ts';
import { freePort, waitForPort } from './support/ports.ts';
import { startPostfix } from './support/postfix.ts';
import { startPostgresql } from './support/postgresql.ts';
import { openSandbox, runIn } from './support/sandbox.ts';

const text = `First line\r\n.dot\r\n..\r\n\r\nGrüße  \r\n\t${'x'.repeat(900)}\r\nlast\r\n`;
const message = Buffer.from(`From: <a@sender.test>\r\nTo: <b@example.test>\r\nSubject: hello\r\n\r\n${text}`);
const stored = Buffer.from(text.replaceAll('\r\n', '\n'));
const envelope = { from: 'a@sender.test', to: ['b@example.test'], message };

describe('real peers', () => {
  peerTest(
    'Postfix stores what swaks hands in over STARTTLS, byte for byte',
    ['postfix', 'tools'],
    async (roots, t) => {
      const authority = await createAuthority();
      const certificate = await authority.issue({ names: ['mx.example.test'] });
      const postfix = await startPostfix(roots.postfix, { certificate });
      t.after(() => postfix.close());
      const tap = await startTap({ target: { host: postfix.address, port: postfix.port } });
      t.after(() => tap.close());
      const sent = await swaks(roots.tools, {
        ...envelope,
        port: tap.port,
        tls: 'starttls',
        trust: authority.certPem,
        serverName: 'mx.example.test',
      });
      assert.equal(sent.code, 0, sent.stdout + sent.stderr);
      const [received] = await postfix.messages(1);
      assert.equal(received?.from, 'a@sender.test');
      assert.equal(received?.to, 'b@example.test');
      assert.deepEqual(received?.body, stored);
      assert.match(received?.header ?? '', /using TLSv1\.3/);
      const [seen] = tap.plainBytes();
      assert.match(seen?.client.toString('latin1') ?? '', /^EHLO swaks\.test\r\nSTARTTLS\r\n/);
      assert.doesNotMatch(seen?.client.toString('latin1') ?? '', /MAIL FROM/);
      assert.match(seen?.server.toString('latin1') ?? '', /^220 postfix\.test ESMTP/);
    },
  );

  peerTest(
    'Exim stores what curl hands in over STARTTLS, byte for byte',
    ['exim', 'tools'],
    async (roots, t) => {
      const authority = await createAuthority();
      const certificate = await authority.issue({ names: ['mx.example.test'] });
      const exim = await startExim(roots.exim, { certificate });
      t.after(() => exim.close());
      const to = { ...envelope, trust: authority.certPem, serverName: 'mx.example.test' };
      for (const how of [
        { port: exim.port, tls: 'starttls' },
        { port: exim.tlsPort, tls: 'implicit' },
      ] as const) {
        const sent = await curl(roots.tools, { ...to, ...how });
        assert.equal(sent.code, 0, sent.stderr);
      }
      for (const received of await exim.messages(2)) {
        assert.equal(received.from, 'a@sender.test');
        assert.equal(received.to, 'b@example.test');
        assert.deepEqual(received.body, stored);
        assert.match(received.header, /\(TLS1\.3\)/);
      }
    },
  );

  peerTest(
    'Postfix relays to Exim over STARTTLS with a verified certificate, and keeps what it cannot verify',
    ['postfix', 'exim'],
    async (roots, t) => {
      const authority = await createAuthority();
      const certificate = await authority.issue({ names: ['mx.example.test'] });
      const exim = await startExim(roots.exim, { certificate });
      t.after(() => exim.close());
      const sendTrusting = async (trust: string) => {
        const relay = {
          host: 'mx.example.test',
          port: exim.port,
          tls: 'secure',
          trust,
          names: ['nexthop'],
        } as const;
        const postfix = await startPostfix(roots.postfix, {
          domains: [],
          hosts: { 'mx.example.test': exim.address },
          relay,
        });
        t.after(() => postfix.close());
        const sent = await postfix.inject(envelope.from, envelope.to, Buffer.from('Subject: x\n\nbody\n'));
        assert.equal(sent.code, 0, sent.stderr);
        return postfix;
      };
      const right = await sendTrusting(authority.certPem);
      const [received] = await exim.messages(1);
      assert.deepEqual(received?.body, Buffer.from('body\n'));
      assert.match(right.log(), /Verified TLS connection established to mx\.example\.test/);
      const wrong = await sendTrusting((await createAuthority()).certPem);
      while (!/status=deferred/.test(wrong.log())) await sleep(20);
      assert.match(await wrong.queue(), /Server certificate not verified/);
      assert.equal((await exim.messages()).length, 1);
    },
  );

  peerTest(
    'Exim relays to Postfix verified, and not where the name is wrong',
    ['postfix', 'exim'],
    async (roots, t) => {
      const authority = await createAuthority();
      const certificate = await authority.issue({ names: ['mx.example.test'] });
      const postfix = await startPostfix(roots.postfix, { certificate });
      t.after(() => postfix.close());
      const hosts = { 'mx.example.test': postfix.address, 'wrong.example.test': postfix.address };
      const sendTo = async (host: string) => {
        const relay = { host, port: postfix.port, tls: 'verify', trust: authority.certPem } as const;
        const exim = await startExim(roots.exim, { domains: [], hosts, relay });
        t.after(() => exim.close());
        const sent = await exim.inject(
          'a@sender.test',
          ['b@example.test'],
          Buffer.from('Subject: x\n\nbody\n'),
        );
        assert.equal(sent.code, 0, sent.stderr);
        return exim;
      };
      const right = await sendTo('mx.example.test');
      assert.match(right.log(), /=> b@example\.test .* CV=yes/);
      const wrong = await sendTo('wrong.example.test');
      assert.match(wrong.log(), /certificate verification failed|name mismatch/);
      assert.match(await wrong.queue(), /b@example\.test/);
      const [received, ...others] = await postfix.messages(1);
      assert.deepEqual(received?.body, Buffer.from('body\n'));
      assert.equal(others.length, 0);
    },
  );

  peerTest(
    'OpenSMTPD relays to OpenSMTPD over STARTTLS, verified, and keeps what it cannot verify',
    ['opensmtpd'],
    async (roots, t) => {
      const authority = await createAuthority();
      const certificate = await authority.issue({ names: ['mx.example.test'] });
      const receiver = await startOpenSmtpd(roots.opensmtpd, { certificate });
      t.after(() => receiver.close());
      const sendTrusting = async (trust: string) => {
        const sender = await startOpenSmtpd(roots.opensmtpd, {
          domains: [],
          hosts: { 'mx.example.test': receiver.address },
          relay: { host: 'mx.example.test', port: receiver.port, tls: 'verify', trust },
        });
        t.after(() => sender.close());
        const sent = await sender.inject(envelope.from, envelope.to, Buffer.from('Subject: x\n\nbody\n'));
        assert.equal(sent.code, 0, sent.stderr);
        return sender;
      };
      const right = await sendTrusting(authority.certPem);
      const [received] = await receiver.messages(1);
      assert.equal(received?.from, 'a@sender.test');
      assert.equal(received?.to, 'b@example.test');
      assert.deepEqual(received?.body, Buffer.from('body\n'));
      assert.match(right.log(), /cert-check result="valid"/);
      const wrong = await sendTrusting((await createAuthority()).certPem);
      while (!/certificate verification failed/.test(wrong.log())) await sleep(20);
      await sleep(20);
      assert.match(await wrong.queue(), /b@example\.test/);
      assert.equal((await receiver.messages()).length, 1);
    },
  );

  peerTest(
    'Dovecot answers by LMTP for each recipient, and stores for each',
    ['dovecot'],
    async (roots, t) => {
      const users = ['b@example.test', 'c@example.test', 'full@example.test'];
      const dovecot = await startDovecot(roots.dovecot, { users, quotas: { 'full@example.test': 10 } });
      t.after(() => dovecot.close());
      const client = await rawClient(dovecot.port);
      t.after(() => client.close());
      await client.reply();
      await client.expect('LHLO client.test', '250');
      await client.expect('MAIL FROM:<a@sender.test>', '250');
      for (const user of users) await client.expect(`RCPT TO:<${user}>`, '250');
      await client.expect('RCPT TO:<unknown@example.test>', '550 5.1.1');
      await client.expect('DATA', '354');
      client.write('Subject: x\r\n\r\n..body\r\n.\r\n');
      for (const code of ['250', '250', '552 5.2.2'])
        assert.equal((await client.reply()).slice(0, code.length), code);
      for (const user of users.slice(0, 2)) {
        const [received] = await dovecot.messages(user, 1);
        assert.equal(received?.from, 'a@sender.test');
        assert.deepEqual(received?.body, Buffer.from('.body\n'));
      }
      assert.deepEqual(await dovecot.messages('full@example.test'), []);
    },
  );

  peerTest('smtp-source hands in many messages; smtp-sink takes them', ['postfix'], async (roots, t) => {
    const postfix = await startPostfix(roots.postfix, { address: '127.0.0.2' });
    t.after(() => postfix.close());
    const sink = await openSandbox(roots.postfix);
    t.after(() => sink.close());
    const sinkPort = await freePort('127.0.0.2');
    const address = `127.0.0.2:${sinkPort}`;
    sink.spawn('smtp-sink', ['-u', 'nobody', '-c', address, '100']);
    await waitForPort('127.0.0.2', sinkPort, () => 'smtp-sink');
    const what = ['-m', '20', '-s', '4', '-l', '5000', '-f', 'a@sender.test', '-t', 'b@example.test'];
    for (const target of [`127.0.0.2:${postfix.port}`, address]) {
      const sent = await runIn(roots.postfix, 'smtp-source', [...what, target]);
      assert.equal(sent.code, 0, sent.stderr);
    }
    assert.equal((await postfix.messages(20)).length, 20);
  });

  for (const [name, client] of Object.entries({ swaks, curl, msmtp, smtplib })) {
    peerTest(
      `${name} hands in to Postfix by STARTTLS and implicit TLS, verified`,
      ['postfix', 'tools'],
      async (roots, t) => {
        const authority = await createAuthority();
        const certificate = await authority.issue({ names: ['mx.example.test'] });
        const postfix = await startPostfix(roots.postfix, { certificate, address: '127.0.0.3' });
        t.after(() => postfix.close());
        const to = {
          ...envelope,
          address: '127.0.0.3',
          trust: authority.certPem,
          serverName: 'mx.example.test',
        };
        const ways: HandIn[] = [
          { ...to, port: postfix.port, tls: 'starttls' },
          { ...to, port: postfix.tlsPort, tls: 'implicit' },
        ];
        for (const way of ways) {
          const sent = await client(roots.tools, way);
          assert.equal(sent.code, 0, sent.stdout + sent.stderr);
          const stranger = await createAuthority();
          const refused = await client(roots.tools, { ...way, trust: stranger.certPem });
          assert.notEqual(refused.code, 0, 'a certificate of an unknown authority');
        }
        for (const received of await postfix.messages(2)) assert.deepEqual(received.body, stored);
      },
    );
  }

  peerTest(
    'nothing is left after close, and the host is as it was',
    ['postfix', 'exim', 'opensmtpd', 'dovecot', 'postgresql'],
    async (roots) => {
      const before = await hostState();
      const postfix = await startPostfix(roots.postfix, { address: '127.0.0.4' });
      const exim = await startExim(roots.exim, { address: '127.0.0.4' });
      const opensmtpd = await startOpenSmtpd(roots.opensmtpd, { address: '127.0.0.4' });
      const dovecot = await startDovecot(roots.dovecot, { address: '127.0.0.4', users: ['b@example.test'] });
      const postgresql = await startPostgresql(roots.postgresql, { address: '127.0.0.4', accounts: {} });
      const sandbox = await openSandbox(roots.postfix);
      const place = basename(sandbox.path('.'));
      sandbox.spawn('sh', ['-c', 'sleep 600 & sleep 601']);
      const pid = `waxwing-peer-${process.pid}-`;
      while ((await processesThatMount(place)).length < 4);
      assert.ok((await processesThatMount(pid)).length > 8);
      const started = [postfix, exim, opensmtpd, dovecot, postgresql, sandbox];
      await Promise.all(started.map((one) => one.close()));
      assert.deepEqual(await processesThatMount(pid), []);
      assert.deepEqual(await hostState(), before);
    },
  );
});

/** The processes that see a folder of this name mounted. */
async function processesThatMount(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found: string[] = [];
  for (const pid of pids) {
    const mounts = await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '');
    if (mounts.includes(`/${folder}`))
      found.push(`${pid} ${await readlink(`/proc/${pid}/exe`).catch(() => '')}`);
  }
  return found;
}

/** Every file that an installation of these packages would have changed, with its size and time; and shared memory. */
async function hostState(): Promise<string[]> {
  const shared = await readFile('/proc/sysvipc/shm', 'utf8');
  const found = shared.match(/^ *-?\d+ +\d+/gm)?.map((segment) => `shared memory ${segment}`) ?? [];
  for (const folder of [
    '/etc',
    '/var/spool',
    '/var/mail',
    '/var/lib/apt',
    '/var/lib/dpkg',
    '/var/cache/apt',
  ]) {
    for (const name of await readdir(folder, { recursive: true }).catch(() => [])) {
      const facts = await stat(join(folder, name)).catch(() => null);
      found.push(`${folder}/${name} ${facts?.size} ${facts?.mtimeMs}`);
    }
  }
  return found.toSorted((a, b) => a.localeCompare(b));
}
