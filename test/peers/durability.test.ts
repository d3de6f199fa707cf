/** What the real program tells the kernel before it says yes, and what it says when the medium fails. */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { peerTest } from './support/peer.ts';
import { handIn, openPipeliningClient } from './support/pipelining-client.ts';
import { type Sink, startSink } from './support/sink.ts';
import { trace } from './support/strace.ts';
import { until } from './support/until.ts';
import { startWaxwing, type Waxwing, type WaxwingOptions } from './support/waxwing.ts';

const envelope = { from: 'a@sender.test', to: ['b@example.test'] };
const flushes = 'trace=fsync,fdatasync';
const calls = `${flushes},write,writev,pwrite64,?rename,?renameat,?renameat2`;
/** Long enough for a whole page of the database. */
const shown = ['-y', '-s', '4200'];

describe('a yes to a message', () => {
  peerTest('comes after its content is flushed with the database', ['tools'], async (roots, t) => {
    const { waxwing } = await startBoth(t);
    const tracing = await trace(roots.tools, waxwing.pid, [...shown, '-e', calls]);
    const reply = await handIn(waxwing.port, { ...envelope, content: contentOf('small', 500) });
    const lines = await tracing.stop();
    assert.match(reply, /^250 2\.0\.0 kept as \w+$/);
    assertOrder(lines, [
      /pwrite64\(\d+<\S+\/queue\.db-wal>, ".*Subject: small/,
      done('f(data)?sync', /\/queue\.db-wal/),
      /write\(\d+<.*>, "250 2\.0\.0 kept as /,
    ]);
  });

  peerTest(
    'comes after its content, where that is a file, has its name and both are flushed',
    ['tools'],
    async (roots, t) => {
      const { waxwing } = await startBoth(t);
      const tracing = await trace(roots.tools, waxwing.pid, [...shown, '-e', calls]);
      const reply = await handIn(waxwing.port, { ...envelope, content: contentOf('large', 300_000) });
      const lines = await tracing.stop();
      const id = /^250 2\.0\.0 kept as (\w+)$/.exec(reply)?.[1] ?? 'none';
      assertOrder(lines, [
        done('f(data)?sync', new RegExp(`/incoming/${id}`)),
        new RegExp(`rename.*/incoming/${id}".*/bodies/${id}"`),
        done('fsync', /\/bodies/),
        done('f(data)?sync', /\/queue\.db-wal/),
        /write\(\d+<.*>, "250 2\.0\.0 kept as /,
      ]);
    },
  );

  peerTest(
    'shares its flush with others: 1,000 messages over 20 connections',
    ['tools'],
    async (roots, t) => {
      const { waxwing, sink } = await startBoth(t);
      const tracing = await trace(roots.tools, waxwing.pid, ['-y', '-e', flushes]);
      const begun = performance.now();
      let left = 1_000;
      const replies: (string | null)[] = [];
      const handAll = async (): Promise<void> => {
        const client = await openPipeliningClient(waxwing.port);
        while (left-- > 0) {
          const { reply } = await client.offer({ ...envelope, content: contentOf(`number ${left}`, 4096) });
          replies.push(await reply);
        }
        client.close();
      };
      await Promise.all(Array.from({ length: 20 }, handAll));
      const seconds = (performance.now() - begun) / 1000;
      await until(() => sink.taken.length >= 1_000, waxwing.log);
      await waxwing.eventsOf('delivered', 1_000);
      const lines = await tracing.stop();
      const count = lines.filter((line) => /^(\[pid +\d+\] )?f(data)?sync\(/.test(line)).length;
      t.diagnostic(
        `1,000 messages accepted in ${seconds.toFixed(1)} s while traced, delivered, on record: ${count} flushes`,
      );
      assert.equal(replies.filter((reply) => reply?.startsWith('250 ')).length, 1_000);
      assert.equal(new Set(sink.taken.map(({ subject }) => subject)).size, 1_000);
      // One flush for each message and one for each delivery would be 2,000.
      assert.ok(count < 1_000, `${count} flushes`);
    },
  );
});

describe('a medium that fails', () => {
  peerTest(
    'RFC 5321 §4.2.2: 451 while it cannot be flushed; nothing accepted is lost, and it goes on after',
    ['tools'],
    async (roots, t) => {
      const { waxwing, sink } = await startBoth(t);
      const offer = (subject: string) =>
        handIn(waxwing.port, { ...envelope, content: contentOf(subject, 500) });
      assert.match(await offer('before'), /^250 /);
      await waxwing.eventsOf('delivered');
      const broken = await trace(roots.tools, waxwing.pid, [
        '-e',
        flushes,
        '-e',
        'inject=fsync,fdatasync:error=EIO',
      ]);
      for (const subject of ['during', 'again']) assert.match(await offer(subject), /^451 4\.3\.0 /);
      const large = { ...envelope, content: contentOf('large', 300_000) };
      assert.match(await handIn(waxwing.port, large), /^451 4\.3\.0 /);
      const lines = await broken.stop();
      assert.ok(lines.some((line) => /EIO \(Input\/output error\) \(INJECTED\)/.test(line)));
      assert.match(await offer('after'), /^250 /);
      await waxwing.eventsOf('delivered', 2);
      await waxwing.kill9();
      await waxwing.start();
      assert.match(await offer('restarted'), /^250 /);
      await waxwing.eventsOf('delivered', 3);
      assert.deepEqual(
        sink.taken.map(({ subject }) => subject),
        ['before', 'after', 'restarted'],
      );
    },
  );

  peerTest(
    'RFC 5321 §4.2.2: 452 while it is full; nothing accepted is lost, and it goes on with room',
    ['tools'],
    async (_roots, t) => {
      // New mail is refused while 16 MiB are left for the records of deliveries.
      const mount = 'mkdir -p "$0"; mount -t tmpfs -o size=22m,mode=700 waxwing "$0"; exec "$@"';
      const { waxwing, sink } = await startBoth(t, {
        under: ['unshare', '-m', 'sh', '-e', '-c', mount, 'DATA'],
      });
      const filler = join(waxwing.data, 'filler');
      await writeFile(filler, Buffer.alloc(2_000_000));
      const accepted: string[] = [];
      const offer = async (subject: string, size: number): Promise<string> => {
        const reply = await handIn(waxwing.port, { ...envelope, content: contentOf(subject, size) });
        if (reply.startsWith('250 ')) accepted.push(subject);
        return reply;
      };
      let refusal = '250 ';
      for (let count = 1; count <= 300 && refusal.startsWith('250 '); count++)
        refusal = await offer(`until full ${count}`, 20_000);
      assert.match(refusal, /^452 4\.3\.1 /);
      assert.match(await offer('too large for what is left', 3_000_000), /^452 4\.3\.1 /);
      t.diagnostic(`${accepted.length} messages of 20,000 octets fitted`);
      await rm(filler);
      assert.match(await offer('with room again', 500), /^250 /);
      await until(() => sink.taken.length >= accepted.length, waxwing.log);
      assert.deepEqual(sink.taken.map(({ subject }) => subject).toSorted(), accepted.toSorted());
    },
  );

  peerTest(
    'leaves the event log behind for as long as that cannot be written, and no longer',
    ['tools'],
    async (roots, t) => {
      const { waxwing } = await startBoth(t);
      const log = join(waxwing.data, 'events.ndjson');
      const inject = ['-P', log, '-e', 'trace=write', '-e', 'inject=write:error=ENOSPC'];
      const broken = await trace(roots.tools, waxwing.pid, inject);
      await handIn(waxwing.port, { ...envelope, content: contentOf('during', 500) });
      const said = `the event log ${log} fails`;
      await until(() => waxwing.log().includes(said), waxwing.log);
      await broken.stop();
      const reply = await handIn(waxwing.port, { ...envelope, content: contentOf('after', 500) });
      await until(
        () => waxwing.events().find(({ id, event }) => event === 'delivered' && reply.endsWith(` ${id}`)),
        waxwing.log,
      );
    },
  );
});

async function startBoth(
  t: TestContext,
  options: WaxwingOptions = {},
): Promise<{ waxwing: Waxwing; sink: Sink }> {
  const authority = await createAuthority();
  const sink = await startSink(await authority.issue({ names: ['sink.localhost'] }));
  t.after(() => sink.close());
  const route = { match: '*', to: `smtp://sink.localhost:${sink.port}`, tls: 'authenticate' };
  const waxwing = await startWaxwing({ trust: authority.certPem, routes: [route], ...options });
  t.after(() => waxwing.close());
  return { waxwing, sink };
}

function contentOf(subject: string, size: number): Buffer {
  return Buffer.from(`Subject: ${subject}\r\n\r\n${`${'x'.repeat(78)}\r\n`.repeat(Math.ceil(size / 80))}`);
}

/** A call that has succeeded; where other threads came between, strace writes its beginning and its end apart. */
function done(call: string, about: RegExp): RegExp {
  return new RegExp(`${call}\\(\\d+<\\S*${about.source}>\\) += 0|<\\.\\.\\. ${call} resumed>\\) += 0`);
}

/** That there is a line for each pattern, each after the one before. */
function assertOrder(lines: readonly string[], patterns: readonly RegExp[]): void {
  let from = 0;
  for (const pattern of patterns) {
    const found = lines.findIndex((line, index) => index >= from && pattern.test(line));
    const rest = lines
      .slice(from)
      .map((line) => line.slice(0, 160))
      .join('\n');
    assert.notEqual(found, -1, `${pattern} is not in:\n${rest}`);
    from = found + 1;
  }
}
