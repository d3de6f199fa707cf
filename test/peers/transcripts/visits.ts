/**
 * Records how real servers are visited, as transcripts for the tests of the dialects.
 *
 * Run by hand when a peer has a new version or a dialect asks something else, with the names of peers where not all are meant.
 * What the visits come to is written down too, and is to be read before it is kept.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type CheckProtocol, checkProtocols } from '../../../src/findings/endpoint.ts';
import { startDeadlines } from '../../../src/net/deadlines.ts';
import { type DialTarget, dial } from '../../../src/net/dial.ts';
import { patience } from '../../../src/net/drive.ts';
import { seeingContexts } from '../../../src/net/seeing-contexts.ts';
import { dialectOf } from '../../../src/scanner/dialects.ts';
import type { ByteEffect, ByteReaction, Talk } from '../../../src/wire/bytes.ts';
import { doTask } from '../../support/visit-transcript.ts';
import { fetchPeer } from '../support/fetch.ts';
import { escaped } from './script.ts';
import { type Visited, visited, visitedName } from './visited.ts';

const folder = join(import.meta.dirname, '../../transcripts/visit');
const deadlines = startDeadlines(50, 'hold');
const contexts = seeingContexts([]);
const only = process.argv.slice(2);

for (const one of visited) if (only.length === 0 || only.includes(one.peer)) await recordAll(one);
deadlines.close();

async function recordAll({ peer, title, scenes }: Visited): Promise<void> {
  const fetched = await fetchPeer(peer);
  if (fetched.kind === 'unavailable') throw new Error(fetched.because);
  const version = /^\w+@(?:\d+:)?([\d.]+)/.exec(basename(fetched.root))?.[1] ?? '';
  const release = /^\d+(?:\.\d+)?/.exec(version)?.[0] ?? version;
  for (const { name: setting, shows, start, tasks } of scenes) {
    const server = await start(fetched.root);
    try {
      for (const [words, port] of Object.entries(tasks(server))) {
        const [name, ...rest] = words.split(' ');
        const protocol = protocolOf(name);
        const task = rest.join(' ');
        const lines = await record(protocol, task, { address: server.address, port });
        const file = [
          peer.replace(/\d+$/, ''),
          release,
          setting,
          ...rest.filter((word) => word !== 'visit'),
        ].join('-');
        await mkdir(join(folder, protocol), { recursive: true });
        const heading = `# recorded from ${title} ${version}: ${shows}`;
        await writeFile(join(folder, protocol, `${file}.txt`), `${[heading, ...lines].join('\n')}\n`);
      }
    } finally {
      await server.close();
    }
  }
}

function protocolOf(name: string | undefined): CheckProtocol {
  const known = Object.keys(checkProtocols).find((one): one is CheckProtocol => one === name);
  if (known === undefined) throw new Error(`${name} is no protocol`);
  return known;
}

async function record(protocol: CheckProtocol, task: string, target: DialTarget): Promise<string[]> {
  const { alpn } = dialectOf(protocol);
  const connection = await dial(target, {
    peer: visitedName,
    patience,
    deadlines,
    context: contexts('everything'),
    serverName: visitedName,
    ...(alpn === undefined || !task.includes('implicit') ? {} : { alpn }),
  });
  const notes: Note[] = [];
  const came = await connection.run(noting(doTask(dialectOf(protocol), task, connection.channel), notes));
  connection.close();
  const more = connection.channel.takeUnread().length > 0 ? ' (and more)' : '';
  return [`C> ${task}`, ...written(notes), `C< ${came}${more}`];
}

type Note = { readonly by: 'C' | 'S'; readonly text: string } | { readonly mark: string };

function* noting<Outcome>(talk: Talk<Outcome>, notes: Note[]): Talk<Outcome> {
  let step = talk.next({ kind: 'done' });
  while (step.done !== true) {
    if (step.value.kind === 'send') notes.push({ by: 'C', text: latin1(step.value.bytes) });
    const reaction: ByteReaction = yield step.value;
    noteReaction(step.value, reaction, notes);
    step = talk.next(reaction);
  }
  return step.value;
}

function noteReaction(effect: ByteEffect, reaction: ByteReaction, notes: Note[]): void {
  switch (reaction.kind) {
    case 'received':
      notes.push(
        reaction.bytes === undefined ? { mark: 'close' } : { by: 'S', text: latin1(reaction.bytes) },
      );
      break;
    case 'secured':
      notes.push({ mark: 'TLS' });
      break;
    case 'tlsFailed':
      notes.push({ mark: `TLS failed: ${reaction.because}` });
      break;
    case 'stray':
      // OpenSSL has read it, and does not tell what it was.
      notes.push({ by: 'S', text: reaction.bytes.length === 0 ? '(plaintext)' : latin1(reaction.bytes) });
      break;
    case 'bodySent':
      throw new Error(`a visit does not ${effect.kind}`);
    case 'done':
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** What one side says in a row is one; whole lines of text are written as such. */
function written(notes: readonly Note[]): string[] {
  const joined: Note[] = [];
  for (const note of notes) {
    const last = joined.at(-1);
    if ('by' in note && last !== undefined && 'by' in last && last.by === note.by)
      joined[joined.length - 1] = { by: note.by, text: last.text + note.text };
    else joined.push(note);
  }
  return joined.flatMap((note) => {
    if ('mark' in note) return [`== ${note.mark}`];
    const { by, text } = note;
    if (!/^(?:[\x20-\x7e]*\r\n)+$/.test(text)) return [`${by}~ ${escaped(text)}`];
    return text
      .slice(0, -2)
      .split('\r\n')
      .map((line) => `${by}: ${escaped(line)}`);
  });
}
