/** RFC 8689 from end to end: REQUIRETLS by way of a second Waxwing, at servers that lack it, and TLS-Required: No. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { labTests } from '../lab/lab-test.ts';
import { type Authority, createAuthority } from '../support/certificates.ts';
import { type Exim, startExim } from './support/exim.ts';
import { peerTest } from './support/peer.ts';
import { handIn } from './support/pipelining-client.ts';
import { startOnLab, verdictOf } from './support/policy-lab.ts';
import { startPostfix } from './support/postfix.ts';
import { readMail } from './support/read-mail.ts';
import { runIn } from './support/sandbox.ts';
import { until } from './support/until.ts';
import { startWaxwing, type Waxwing } from './support/waxwing.ts';

const SENDER = 'a@sender.test';
const RECIPIENT = 'b@example.test';
const content = Buffer.from('Subject: hello\r\nMessage-ID: <1@sender.test>\r\n\r\nsecret text\r\n');
const sendRequired = ['send', '--from', SENDER, '--to', RECIPIENT, '--require-tls'];

/** Hands in with REQUIRETLS and RET=FULL by Python's smtplib; prints what was offered before and inside TLS. */
const smtplibScript = `
import smtplib, ssl, sys
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
client = smtplib.SMTP('127.0.0.1', int(sys.argv[1]), 'smtplib.test')
client.ehlo()
print('before', client.has_extn('requiretls'))
print('in clear', client.docmd('MAIL FROM:<${SENDER}> REQUIRETLS')[0])
client.starttls(context=context)
client.ehlo()
print('inside', client.has_extn('requiretls'))
client.sendmail('${SENDER}', ['${RECIPIENT}'], open('/peer/message.eml', 'rb').read(), ['REQUIRETLS', 'RET=FULL'])
`;

interface Setting {
  readonly authority: Authority;
  /** Where the sender's mail is, a server without REQUIRETLS. */
  readonly exim: Exim;
  /** Starts one that hands mail for example.test to this port of mx.localhost, and the sender's to Exim. */
  readonly start: (port: number) => Promise<Waxwing>;
}

async function set(eximRoot: string, t: TestContext): Promise<Setting> {
  const authority = await createAuthority();
  const certificate = await authority.issue({ names: ['mx.localhost'] });
  const exim = await startExim(eximRoot, { certificate, domains: ['sender.test', 'example.test'] });
  t.after(() => exim.close());
  return {
    authority,
    exim,
    async start(port) {
      const waxwing = await startWaxwing({
        certificate,
        trust: authority.certPem,
        routes: [
          { match: 'example.test', to: `smtp://mx.localhost:${port}` },
          { match: 'sender.test', to: `smtp://mx.localhost:${exim.port}` },
        ],
      });
      t.after(() => waxwing.close());
      return waxwing;
    },
  };
}

/** What came to the sender about the message: its kind, its status, and whether the body came back. */
async function noticeAt(exim: Exim, tools: string): Promise<string> {
  const [notice] = await exim.messages(1);
  if (notice === undefined) return 'nothing';
  const { parts } = await readMail(tools, notice);
  const [, recipient] = parts[1]?.fields ?? [];
  const returned = parts[2]?.type ?? 'nothing';
  const whole = notice.body.includes('secret text') ? 'with the body' : 'without the body';
  assert.match(parts[2]?.text ?? '', /^Message-ID: <1@sender\.test>$/m);
  return `${recipient?.['action']} ${recipient?.['status']}: ${returned} ${whole}`;
}

describe('REQUIRETLS', () => {
  peerTest(
    'RFC 8689 §4.1, §4.2.1, §5: a second Waxwing takes it over; Postfix behind that lacks it, so the sender gets the header back with 5.7.30',
    ['postfix', 'exim', 'tools'],
    async (roots, t) => {
      const { authority, exim, start } = await set(roots.exim, t);
      const certificate = await authority.issue({ names: ['mx.localhost'] });
      const postfix = await startPostfix(roots.postfix, { certificate });
      t.after(() => postfix.close());
      const second = await start(postfix.port);
      const first = await start(second.port);
      const client = await runIn(roots.tools, 'python3', ['-c', smtplibScript, `${first.port}`], {
        files: { '/peer/message.eml': content },
      });
      assert.equal(client.code, 0, client.stderr);
      assert.equal(client.stdout, 'before False\nin clear 555\ninside True\n');

      const [onwards] = await first.eventsOf('delivered');
      assert.equal(
        onwards === undefined ? '' : verdictOf(onwards),
        'delivered authenticated, authenticate by message',
      );
      const [bounced] = await second.eventsOf('bounced');
      assert.equal(bounced?.to, RECIPIENT);
      assert.match(bounced.tls?.because ?? '', /mx\.localhost does not offer REQUIRETLS$/);
      // RET=FULL was asked for, and disregarded (§5). Exim lacks REQUIRETLS, too, and the report comes all the same.
      assert.equal(await noticeAt(exim, roots.tools), 'failed 5.7.30: text/rfc822-headers without the body');
      assert.deepEqual(await postfix.messages(), []);
    },
  );

  peerTest(
    'RFC 8689 §4.2.1: Postfix 3.7 and Exim 4.96 do not offer it, and get nothing: waxwing send says why at once',
    ['postfix', 'exim', 'tools'],
    async (roots, t) => {
      const { authority, exim, start } = await set(roots.exim, t);
      const postfix = await startPostfix(roots.postfix, {
        certificate: await authority.issue({ names: ['mx.localhost'] }),
      });
      t.after(() => postfix.close());
      for (const { port } of [postfix, exim]) {
        const waxwing = await start(port);
        const sent = await waxwing.cli(sendRequired, content);
        assert.equal(sent.code, 1, sent.stderr);
        assert.match(sent.stdout, /does not offer REQUIRETLS/);
        if (port === exim.port) break;
        const direct = await waxwing.cli([...sendRequired, '--direct'], content);
        assert.equal(direct.code, 1, direct.stderr);
        assert.match(direct.stdout, /does not offer REQUIRETLS/);
        // Without the demand the same server gets the same mail.
        const plain = await waxwing.cli(sendRequired.slice(0, -1), content);
        assert.equal(plain.code, 0, plain.stdout);
      }
      assert.deepEqual(
        (await exim.messages(2)).map(({ to }) => to),
        [SENDER, SENDER],
      );
      assert.deepEqual(
        (await postfix.messages(1)).map(({ to }) => to),
        [RECIPIENT],
      );
    },
  );

  peerTest(
    'RFC 8689 §4.2.1: a certificate that proves nothing is final, with 5.7.10; the notification asks for nothing that Exim lacks',
    ['exim', 'tools'],
    async (roots, t) => {
      const { exim } = await set(roots.exim, t);
      const stranger = await startWaxwing({
        certificate: await (await createAuthority()).issue({ names: ['mx.localhost'] }),
      });
      t.after(() => stranger.close());
      const waxwing = await startWaxwing({
        routes: [
          { match: 'example.test', to: `smtp://mx.localhost:${stranger.port}` },
          { match: 'sender.test', to: `smtp://mx.localhost:${exim.port}` },
        ],
      });
      t.after(() => waxwing.close());
      const sent = await waxwing.cli(sendRequired, content);
      assert.equal(sent.code, 1, sent.stderr);
      const [blocked] = await waxwing.eventsOf('blocked');
      assert.equal(blocked?.tls?.by, 'message');
      await waxwing.eventsOf('bounced');
      assert.deepEqual(stranger.events(), []);
      assert.equal(await noticeAt(exim, roots.tools), 'failed 5.7.10: text/rfc822-headers without the body');
    },
  );

  peerTest(
    'a submission asks for it, and to be told how it travelled, by header fields that do not travel themselves',
    ['exim', 'tools'],
    async (roots, t) => {
      const { exim, start } = await set(roots.exim, t);
      const second = await start(exim.port);
      const first = await start(second.port);
      const asking = Buffer.concat([
        Buffer.from('Waxwing-TLS: authenticate\r\nWaxwing-Tell: outcome\r\n'),
        content,
      ]);
      assert.match(await handIn(first.port, { from: SENDER, to: [RECIPIENT], content: asking }), /^250 /);
      const [onwards] = await first.eventsOf('delivered');
      assert.equal(
        onwards === undefined ? '' : verdictOf(onwards),
        'delivered authenticated, authenticate by message',
      );
      const both = await exim.messages(2);
      const mail = both.find(({ to }) => to === RECIPIENT);
      assert.doesNotMatch(mail?.header ?? 'absent', /absent|Waxwing-T/i);
      const notice = both.find(({ to }) => to === SENDER) ?? assert.fail('no word of how it travelled');
      const { parts } = await readMail(roots.tools, notice);
      assert.match(
        parts[0]?.text ?? '',
        /It travelled over TLS \(TLSv1\.3\) to a host that proved who it is/,
      );
      assert.match(
        parts[1]?.fields[1]?.['x-waxwing-tls'] ?? '',
        /^authenticated; required=authenticate; by=message; version=TLSv1\.3$/,
      );
      const refused = await handIn(first.port, {
        from: SENDER,
        to: [RECIPIENT],
        content: Buffer.from('Waxwing-TLS: maybe\r\n\r\nx\r\n'),
      }).catch(String);
      assert.match(
        refused,
        /554 5\.6\.0 the header field Waxwing-TLS is encrypt, authenticate or requiretls/,
      );
    },
  );
});

describe('TLS-Required: No', () => {
  const labTest = labTests({ mail: ['postfix', 'exim', 'opensmtpd'] });
  const rows = [
    ['dane-mismatch.test', 'a TLSA record that does not match'],
    ['sts-mismatch.test', 'a policy of MTA-STS that does not list the host'],
  ] as const;
  labTest(
    'RFC 8689 §3: DANE and MTA-STS that stop all other mail do not stop it, and TLS is used all the same',
    async (lab, t) => {
      const waxwing = await startOnLab(lab);
      t.after(() => waxwing.close());
      for (const [domain, what] of rows) {
        const to = [`b@${domain}`];
        const optional = Buffer.concat([Buffer.from('TLS-Required: No\r\n'), content]);
        for (const one of [content, optional]) await handIn(waxwing.port, { from: SENDER, to, content: one });
        const of = (): string[] =>
          waxwing
            .events()
            .filter(({ to: whom, event }) => whom === to[0] && (event === 'blocked' || event === 'delivered'))
            .map(verdictOf);
        const verdicts = await until(
          () => of().length === 2 && of(),
          () => `${what}: ${JSON.stringify(of())}\n${waxwing.log()}`,
        );
        assert.match(
          verdicts.toSorted().join('; '),
          /^blocked, authenticate by \w+; delivered (?:authenticated|encrypted), none by message$/,
          what,
        );
      }
    },
  );
});
