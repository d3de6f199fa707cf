/**
 * Records what real servers say, as transcripts for the tests of the client engine.
 *
 * Run by hand when a peer has a new version; the results are kept in the repository. What the client does and says
 * is written here, what the server answers is recorded.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createAuthority } from '../../support/certificates.ts';
import { type RawClient, rawClient } from '../../support/raw-client.ts';
import { startExim } from '../support/exim.ts';
import { fetchPeer } from '../support/fetch.ts';
import { startPostfix } from '../support/postfix.ts';

interface Server {
  readonly port: number;
  close(): Promise<void>;
}

interface Scene {
  readonly name: string;
  readonly title: string;
  readonly start: () => Promise<Server>;
  /**
   * Lines of a transcript without those of the server: its replies follow each group of `C:` lines, as many as
   * `replies` says, and the greeting follows the first line. `OFFERS` stands for the keywords of the last EHLO.
   */
  readonly client: readonly string[];
}

const hello = 'C: EHLO client.example.test';
const openInTls = [
  'C> open required',
  hello,
  'C: STARTTLS',
  '== TLS',
  hello,
  'C< ready in TLS, offers OFFERS',
];
const openInClear = ['C> open if-offered', hello, 'C< ready in clear, offers OFFERS'];
const quit = ['C> quit', 'C: QUIT', '== close', 'C< goodbye'];
const content = 'Subject: x\\r\\n\\r\\n.\\r\\n';

/** `cameOf`: of each recipient, in the order of `recipients`. */
function send(recipients: readonly string[], cameOf: readonly string[]): string[] {
  const goAhead = cameOf.map((one) => (one === 'accepted' ? '250' : '550')).join(' ');
  return [
    `C> send a@sender.test ${recipients.join(',')} size=17`,
    'C: MAIL FROM:<a@sender.test> SIZE=17',
    ...recipients.map((one) => `C: RCPT TO:<${one}>`),
    'C: DATA',
    `C< goAhead ${goAhead}`,
    `C> content ${content}`,
    'C: Subject: x',
    'C: ',
    'C: ..',
    'C: .',
    `C< reusable: ${cameOf.join(', ')}`,
  ];
}

/** One recipient is accepted, the other refused. */
function partly(refused: string): string[] {
  return send(['b@example.test', refused], ['accepted', 'refused at RCPT 550']);
}

const oneMessage = send(['b@example.test'], ['accepted']);
const startTlsRefused = ['C> open required', hello, 'C: STARTTLS', 'C< startTlsRefused 454', ...quit];

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['mx.example.test'] });
const onlyB = { virtual_mailbox_maps: 'inline:{ b@example.test=mail/ }' };
const broken = { certPem: '', keyPem: '' };
const postfix = await rootOf('postfix');
const exim = await rootOf('exim');

const ofPostfix: Scene[] = [
  {
    name: 'starttls-one-message',
    title: 'one message in TLS',
    start: () => startPostfix(postfix.root, { certificate }),
    client: [...openInTls, ...oneMessage, ...quit],
  },
  {
    name: 'one-recipient-refused',
    title: 'two recipients, one of whom is refused',
    start: () => startPostfix(postfix.root, { certificate, settings: onlyB }),
    client: [...openInTls, ...partly('unknown@example.test'), ...quit],
  },
  {
    name: 'no-tls',
    title: 'a server without TLS takes a message in clear',
    start: () => startPostfix(postfix.root),
    client: [...openInClear, ...oneMessage, ...quit],
  },
  {
    name: 'starttls-refused',
    title: 'STARTTLS is offered and refused, as the certificate cannot be read',
    start: () => startPostfix(postfix.root, { certificate: broken }),
    client: startTlsRefused,
  },
  {
    name: 'starttls-demanded',
    title: 'a server that demands TLS refuses the envelope in clear',
    start: () => startPostfix(postfix.root, { certificate, starttls: 'encrypt' }),
    client: [
      'C> open never',
      hello,
      'C< ready in clear, offers OFFERS',
      'C> send a@sender.test b@example.test size=17',
      'C: MAIL FROM:<a@sender.test> SIZE=17',
      'C: RCPT TO:<b@example.test>',
      'C: DATA',
      'C: RSET',
      'C< spent: refused at MAIL 530',
      ...quit,
    ],
  },
];

const ofExim: Scene[] = [
  {
    name: 'starttls-one-message',
    title: 'one message in TLS',
    start: () => startExim(exim.root, { certificate }),
    client: [...openInTls, ...oneMessage, ...quit],
  },
  {
    name: 'one-recipient-refused',
    title: 'two recipients, one of whom is refused',
    start: () => startExim(exim.root, { certificate }),
    client: [...openInTls, ...partly('b@other.test'), ...quit],
  },
  {
    name: 'no-tls',
    title: 'a server without TLS takes a message in clear',
    start: () => startExim(exim.root),
    client: [...openInClear, ...oneMessage, ...quit],
  },
  {
    name: 'starttls-refused',
    title: 'STARTTLS is offered and refused, as the certificate cannot be read',
    start: () => startExim(exim.root, { certificate: broken }),
    client: startTlsRefused,
  },
];

await recordAll(`Postfix ${postfix.version}`, 'postfix', ofPostfix);
await recordAll(`Exim ${exim.version}`, 'exim', ofExim);

async function rootOf(name: 'postfix' | 'exim'): Promise<{ root: string; version: string }> {
  const fetched = await fetchPeer(name);
  if (fetched.kind === 'unavailable') throw new Error(fetched.because);
  const version = /^\w+@([\d.]+)/.exec(basename(fetched.root))?.[1];
  if (version === undefined) throw new Error(`${fetched.root} names no version`);
  return { root: fetched.root, version };
}

async function recordAll(from: string, name: string, scenes: readonly Scene[]): Promise<void> {
  const release = /\d+\.\d+/.exec(from)?.[0] ?? '';
  const folder = join(import.meta.dirname, '../../transcripts/recorded', `${name}-${release}`);
  await mkdir(folder, { recursive: true });
  for (const scene of scenes) {
    const lines = [`# recorded from ${from}: ${scene.title}`, ...(await record(scene))];
    await writeFile(join(folder, `${scene.name}.txt`), `${lines.join('\n')}\n`);
  }
}

async function record({ start, client: script }: Scene): Promise<string[]> {
  const server = await start();
  const client = await rawClient(server.port);
  const written: string[] = [];
  try {
    let offers = '';
    for (const [index, line] of script.entries()) {
      written.push(line.replace('OFFERS', offers));
      if (index === 0) written.push(...(await heard(client)));
      if (line === '== TLS') await client.secure();
      if (!line.startsWith('C:')) continue;
      client.write(`${line.slice(3)}\r\n`);
      if (isOneGroup(line, script[index + 1])) continue;
      for (let count = replies(script, index); count > 0; count--) {
        const said = await heard(client);
        written.push(...said);
        if (line === hello)
          offers = said
            .slice(1)
            .map((one) => one.slice(7).split(' ')[0])
            .join(' ');
      }
    }
    return written;
  } finally {
    client.close();
    await server.close();
  }
}

async function heard(client: RawClient): Promise<string[]> {
  const reply = await client.reply();
  return reply
    .trimEnd()
    .split('\r\n')
    .map((line) => `S: ${line}`);
}

/** Whether a line of the client goes out together with the next one: an envelope, or the content of a message. */
function isOneGroup(line: string, next: string | undefined): boolean {
  return next?.startsWith('C: ') === true && /^C: (MAIL|RCPT|Subject|$|\.\.)/.test(line);
}

/** How many replies a group of lines gets that ends at `last`: one for each command, one for a content. */
function replies(script: readonly string[], last: number): number {
  const first = script.findLastIndex((line, index) => index < last && !line.startsWith('C:')) + 1;
  return script[last] === 'C: DATA' ? last - first + 1 : 1;
}
