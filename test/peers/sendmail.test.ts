/** Mail programs of Debian hand mail to `waxwing sendmail`, as they would to any other; Dovecot gets it by LMTP. */
import assert from 'node:assert/strict';
import { readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import { type Finished, runCommand } from './support/command.ts';
import { type Dovecot, startDovecot } from './support/dovecot.ts';
import { peerTest } from './support/peer.ts';
import { startWaxwing, type Waxwing } from './support/waxwing.ts';

/** Runs a program of the root on this host, where our own program is, with the libraries of its root. */
function runOf(
  root: string,
  program: string,
  args: readonly string[],
  { input, env }: { readonly input: string; readonly env: NodeJS.ProcessEnv },
): Promise<Finished> {
  const libraries = ['usr/lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu'].map((path) => join(root, path));
  const words = ['-c', 'exec "$0"/usr/lib*/ld-linux-*.so.* "$@"', root];
  return runCommand('sh', [...words, '--library-path', libraries.join(':'), join(root, program), ...args], {
    input,
    env: { PATH: process.env['PATH'], ...env },
  });
}

interface Place {
  readonly waxwing: Waxwing;
  readonly dovecot: Dovecot;
  /** Where links and files of the programs lie; also their home. */
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
}

async function start(root: string, t: TestContext): Promise<Place> {
  const dovecot = await startDovecot(root, { users: ['anna@mail.test', 'bob@mail.test', 'root@mail.test'] });
  t.after(() => dovecot.close());
  const waxwing = await startWaxwing({
    hostname: 'mail.test',
    routes: [{ match: 'mail.test', to: `lmtp://${dovecot.address}:${dovecot.port}`, tls: 'may' }],
  });
  t.after(() => waxwing.close());
  const home = join(waxwing.data, '..');
  await symlink(join(import.meta.dirname, '../../waxwing'), join(home, 'sendmail'));
  const env = { HOME: home, WAXWING_CONFIG: join(home, 'waxwing.toml'), LC_ALL: 'C.UTF-8' };
  return { waxwing, dovecot, home, env };
}

describe('programs that expect a sendmail', () => {
  peerTest('bsd-mailx and mutt send through ours, to Dovecot', ['mailx', 'dovecot'], async (roots, t) => {
    const { waxwing, dovecot, home, env } = await start(roots.dovecot, t);
    const sendmail = join(home, 'sendmail');
    const bob = 'bob@mail.test';
    await t.test('bsd-mailx: a name of this host, a copy, a dot on a line', async () => {
      await writeFile(join(home, '.mailrc'), `set sendmail=${sendmail}\n`);
      const sent = await runOf(roots.mailx, 'usr/bin/bsd-mailx', ['-s', 'hello', '-b', bob, 'anna'], {
        input: 'one\n.\nthree\n',
        env,
      });
      assert.deepEqual(sent, { code: 0, stdout: '', stderr: '' });
      const [message] = await dovecot.messages('anna@mail.test', 1);
      assert.equal(message?.from, 'root@mail.test');
      assert.match(message?.header ?? '', /^Received: by mail\.test \(from user id 0\) id /m);
      assert.match(message?.header ?? '', /^To: .*anna@mail\.test/m);
      assert.match(message?.header ?? '', /^Subject: hello$/m);
      assert.match(message?.header ?? '', /^Message-ID: </m);
      assert.equal(message?.body.toString(), 'one\n.\nthree\n');
      const [copy] = await dovecot.messages(bob, 1);
      assert.doesNotMatch(copy?.header ?? '', /^Bcc|bob@mail\.test[^>]*$/im);
    });
    await t.test('mutt: an address beyond ASCII in the text, and its own envelope sender', async () => {
      const rc = join(home, 'muttrc');
      await writeFile(
        rc,
        `set sendmail="${sendmail} -oem -oi"\nset from="bob@mail.test"\nset use_from=yes\nset use_envelope_from=yes\nset copy=no\nset charset=utf-8\nset dsn_notify="failure"\nset dsn_return=hdrs\nset sendmail_wait=0\n`,
      );
      const sent = await runOf(
        roots.mailx,
        'usr/bin/mutt',
        ['-n', '-F', rc, '-s', 'grüße', '--', 'root@mail.test'],
        {
          input: 'ä\n',
          env: { ...env, TERM: 'dumb' },
        },
      );
      assert.equal(sent.code, 0, sent.stderr);
      const [message] = await dovecot.messages('root@mail.test', 1);
      assert.equal(message?.from, bob);
      assert.match(message?.header ?? '', /^From: .*<bob@mail\.test>$/m);
      assert.match(message?.header ?? '', /^Subject: =\?/m);
    });
    await t.test('while nothing runs it waits, and arrives after the start', async () => {
      await waxwing.stop();
      const sent = await runOf(roots.mailx, 'usr/bin/bsd-mailx', ['-s', 'late', 'anna'], {
        input: 'x\n',
        env,
      });
      assert.equal(sent.code, 0, sent.stderr);
      assert.equal((await readdir(join(waxwing.data, 'spool', 'drop'))).length, 1);
      await waxwing.start();
      const messages = await dovecot.messages('anna@mail.test', 2);
      assert.ok(messages.some(({ header }) => /^Subject: late$/m.test(header)));
    });
    await t.test('bsd-mailx hears that an address makes no sense', async () => {
      const sent = await runOf(roots.mailx, 'usr/bin/bsd-mailx', ['-s', 'x', 'a@@mail.test'], {
        input: 'x\n',
        env,
      });
      assert.match(sent.stderr, /sendmail: the field To: [^\n]*\n.* error code 65/);
    });
  });
});
