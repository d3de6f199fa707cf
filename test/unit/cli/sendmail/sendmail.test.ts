import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { dropMessage } from '../../../../src/cli/sendmail/drop.ts';
import type { Failure } from '../../../../src/cli/sendmail/exit-codes.ts';
import { findSpool, USUAL_SPOOL } from '../../../../src/cli/sendmail/place.ts';
import { answerCall } from '../../../../src/cli/sendmail/sendmail.ts';
import { readSpoolFile } from '../../../../src/relay/spool-file.ts';
import { openSpoolFolder } from '../../../../src/relay/spool-folder.ts';

const UID = process.getuid?.() ?? 0;

interface Host {
  readonly spool: string;
  readonly drop: string;
  readonly env: Readonly<Record<string, string>>;
  call(
    words: readonly string[],
    input?: string,
  ): Promise<{ readonly failure: Failure | undefined; readonly said: string }>;
  /** The messages in its spool, in no order. */
  messages(): readonly {
    readonly from: string;
    readonly to: readonly string[];
    readonly content: string;
    readonly asked: unknown;
  }[];
}

async function host(t: TestContext): Promise<Host> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-sendmail-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const spool = join(folder, 'spool');
  const config = join(folder, 'waxwing.toml');
  writeFileSync(config, `data = "data"\n[sendmail]\nspool = "spool"\n`);
  await (await openSpoolFolder(spool, UID)).tell({
    hostname: 'relay.test',
    maxMessageBytes: 65_536,
    maxRecipients: 3,
  });
  const drop = join(spool, 'drop');
  const env = { WAXWING_CONFIG: config };
  return {
    spool,
    drop,
    env,
    async call(words, input = '') {
      const output = new PassThrough();
      let said = '';
      output.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      const failure = await answerCall('sendmail', words, {
        env,
        input: Readable.from([Buffer.from(input)]),
        output,
      });
      return { failure, said };
    },
    messages: () =>
      readdirSync(drop).map((name) => {
        const read = readSpoolFile(readFileSync(join(drop, name)));
        assert.equal(read.kind, 'ok');
        const { sender, wishes, recipients } = read.value.envelope;
        return {
          from: sender?.text ?? '',
          to: recipients.map(({ mailbox }) => mailbox.text),
          content: Buffer.from(read.value.content).toString(),
          asked: { ...wishes, notify: recipients[0]?.wishes.notify },
        };
      }),
  };
}

describe('sendmail', { concurrency: 4 }, () => {
  it('leaves a message in the spool, whole, for its owner and the relay to read', async (t) => {
    const at = await host(t);
    const { failure } = await at.call(
      ['-f', 'me', '-N', 'never', '-R', 'full', '-V', 'x=1', 'root, "A, B" <b@x.test>'],
      'hi\n.\nno\n',
    );
    assert.equal(failure, undefined);
    assert.deepEqual(at.messages(), [
      {
        from: 'me@relay.test',
        to: ['root@relay.test', 'b@x.test'],
        content: 'From: me@relay.test\r\n\r\nhi\r\n',
        asked: { ret: 'full', envelopeId: 'x+3D1', notify: [] },
      },
    ]);
    const [name = ''] = readdirSync(at.drop);
    assert.equal(statSync(join(at.drop, name)).mode & 0o777, 0o640);
  });

  it('recipients of the header are added to those of the command line', async (t) => {
    const at = await host(t);
    await at.call(['-t', '-f', '', 'a@x.test'], 'To: b@x.test\n\n');
    const [message] = at.messages();
    assert.deepEqual([message?.from, message?.to], ['', ['a@x.test', 'b@x.test']]);
  });

  it('-bs is SMTP on stdin and stdout', async (t) => {
    const at = await host(t);
    const commands = [
      'EHLO me',
      'MAIL FROM:<a@x.test> RET=HDRS ENVID=e',
      'RCPT TO:<b@far.test> NOTIFY=FAILURE ORCPT=rfc822;c@far.test',
      'DATA',
      'Subject: x\r\nBcc: y\r\n\r\n..dot\r\n.',
      'STARTTLS',
      'MAIL FROM:<>',
      'RCPT TO:<b@far.test>',
      'BDAT 5 LAST\r\nx\r\n\r\nQUIT',
      '',
    ];
    const { failure, said } = await at.call(['-bs'], commands.join('\r\n'));
    assert.equal(failure, undefined);
    assert.match(
      said,
      /^220 relay\.test [\s\S]*250 2\.0\.0 kept as m-[0-9a-f]{32}\r\n502 [^\r]*\r\n250 [^\r]*\r\n250 [^\r]*\r\n250 2\.0\.0 kept as [^\r]*\r\n221 [^\r]*\r\n$/,
    );
    const messages = at.messages().toSorted((a, b) => a.from.length - b.from.length);
    assert.deepEqual(messages, [
      {
        from: '',
        to: ['b@far.test'],
        content: 'x\r\n\r\n',
        asked: { ret: null, envelopeId: null, notify: null },
      },
      {
        from: 'a@x.test',
        to: ['b@far.test'],
        content: 'Subject: x\r\nBcc: y\r\n\r\n.dot\r\n',
        asked: { ret: 'headers', envelopeId: 'e', notify: ['failure'] },
      },
    ]);
  });

  it('-bs ends with its input, also in the middle of a message, of which nothing is kept', async (t) => {
    const at = await host(t);
    await at.call(['-bs'], 'EHLO me\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\nhalf');
    assert.deepEqual(readdirSync(at.drop), []);
  });

  const refused: readonly (readonly [number, readonly string[], string, RegExp])[] = [
    [64, ['--wrong'], '', /not known/],
    [64, [], 'x\n', /nobody is named/],
    [64, ['-f', 'a b', 'a@far.test'], 'x\n', /the sender a b/],
    [64, ['-f', 'a@x.test, b@x.test', 'a@far.test'], 'x\n', /not one address/],
    [65, ['a@@far.test'], 'x\n', /the recipient a@@far\.test/],
    [65, ['a\u{fffd}@far.test'], 'x\n', /not UTF-8/],
    [65, ['-t'], 'Subject: x\n\n', /names no recipient/],
    [65, ['-t'], 'To: <broken\n\n', /the field To/],
    [
      65,
      ['a@x.test', 'b@x.test', 'c@x.test', 'd@x.test'],
      'x\n',
      /4 recipients are too many, the limit is 3/,
    ],
    [65, ['a@far.test'], 'x'.repeat(70_000), /more than 65536 octets/],
    [65, ['a@far.test'], `${'\n'.repeat(40_000)}x\n`, /too big/],
    [65, ['a@far.test'], 'x\0', /NUL/],
    [69, ['-bp'], '', /no waxwing serves/],
    [78, ['-C', '/nowhere/waxwing.toml', 'a@far.test'], 'x\n', /there is no file/],
  ];
  for (const [code, words, input, because] of refused) {
    it(`${code}: ${because.source}`, async (t) => {
      const at = await host(t);
      const { failure } = await at.call(words, input);
      assert.equal(failure?.code, code);
      assert.match(failure?.because ?? '', because);
      assert.deepEqual(readdirSync(at.drop), []);
    });
  }

  it('75 where no relay has made a spool, 73 where it is none, 78 where what stands there is nothing of a relay’s', async (t) => {
    const at = await host(t);
    const code = async (): Promise<number | undefined> => (await at.call(['a@x.test'], 'x\n')).failure?.code;
    writeFileSync(join(at.spool, 'about.json'), '{}');
    assert.equal(await code(), 78);
    rmSync(at.spool, { recursive: true });
    assert.equal(await code(), 75);
    writeFileSync(at.spool, '');
    assert.equal(await code(), 73);
  });

  it('leaves nothing behind where the message cannot be written', async (t) => {
    const at = await host(t);
    rmSync(at.drop, { recursive: true });
    assert.equal((await dropMessage(at.spool, Buffer.from('x'))).kind, 'failed');
    mkdirSync(at.drop);
    chmodSync(at.drop, 0o700);
    assert.equal((await dropMessage(at.spool, Buffer.from('x'))).kind, 'ok');
    assert.match(readdirSync(at.drop).join(), /^m-[0-9a-f]{32}$/);
  });
});

describe('the spool of the host', () => {
  it('is that of a configuration that is named', async (t) => {
    const at = await host(t);
    assert.deepEqual(findSpool(undefined, at.env, tmpdir()), {
      kind: 'ok',
      spool: at.spool,
      dataFolder: join(at.spool, '..', 'data'),
    });
    assert.equal(findSpool('/nowhere', {}, tmpdir()).kind, 'failed');
  });

  it('is the usual one where there is one, else that of the data folder', {
    skip: process.getuid?.() !== 0 && 'needs root',
  }, () => {
    const usual = findSpool(undefined, {}, tmpdir());
    assert.equal(usual.kind === 'ok' && usual.spool, tmpdir());
    const own = findSpool(undefined, {}, '/nowhere/waxwing');
    assert.equal(own.kind === 'ok' && own.spool, '/var/lib/waxwing/spool');
    assert.equal(USUAL_SPOOL, '/var/spool/waxwing');
  });

  it('the environment may name another', () => {
    const found = findSpool(undefined, { WAXWING_SENDMAIL_SPOOL: '/srv/spool' }, tmpdir());
    assert.equal(found.kind === 'ok' && found.spool, '/srv/spool');
  });
});
