/**
 * Records what real servers say, as transcripts for the tests of the client engine.
 *
 * Run by hand when a peer has a new version; the results are kept in the repository.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type RawClient, rawClient } from '../../support/raw-client.ts';
import { unescaped } from '../../support/transcript.ts';
import type { PeerName } from '../support/catalog.ts';
import { fetchPeer } from '../support/fetch.ts';
import { ofDovecot } from './dovecot.ts';
import { ofExim } from './exim.ts';
import { ofOpenSmtpd } from './opensmtpd.ts';
import { ofPostfix } from './postfix.ts';
import type { Scene } from './scene.ts';
import { reply } from './script.ts';

const folder = join(import.meta.dirname, '../../transcripts/recorded');

await recordAll('postfix', 'Postfix', ofPostfix);
await recordAll('exim', 'Exim', ofExim);
await recordAll('opensmtpd', 'OpenSMTPD', ofOpenSmtpd);
await recordAll('dovecot', 'Dovecot', ofDovecot);

async function recordAll(peer: PeerName, title: string, scenes: readonly Scene[]): Promise<void> {
  const { root, version } = await rootOf(peer);
  const release = /^\d+\.\d+/.exec(version)?.[0] ?? version;
  const place = join(folder, `${peer}-${release}`);
  await rm(place, { recursive: true, force: true });
  await mkdir(place, { recursive: true });
  for (const scene of scenes) {
    const lines = [`# recorded from ${title} ${version}: ${scene.title}`, ...(await record(root, scene))];
    await writeFile(join(place, `${scene.name}.txt`), `${lines.join('\n')}\n`);
  }
}

async function rootOf(peer: PeerName): Promise<{ root: string; version: string }> {
  const fetched = await fetchPeer(peer);
  if (fetched.kind === 'unavailable') throw new Error(fetched.because);
  // An epoch, which Debian may put before it, is no part of the peer's own version.
  const version = /^\w+@(?:\d+:)?([\d.]+)/.exec(basename(fetched.root))?.[1];
  if (version === undefined) throw new Error(`${fetched.root} names no version`);
  return { root: fetched.root, version };
}

async function record(root: string, { name, start, implicit, client: script }: Scene): Promise<string[]> {
  const server = await start(root);
  const client = await rawClient(implicit === true ? server.tlsPort : server.port);
  const written: string[] = [];
  let said = '';
  let offers = '';
  try {
    for (const step of script) {
      if (step === reply) {
        const heard = await client.reply();
        said = heard.trimEnd();
        if (/^C: [EL]HLO /.test(written.at(-1) ?? '')) offers = keywords(said);
        written.push(...said.split('\r\n').map((line) => `S: ${escaped(line)}`));
        continue;
      }
      const line = typeof step === 'string' ? step.replace('OFFERS', offers) : step(said);
      written.push(line);
      await perform(client, line);
    }
    return written;
  } catch (error) {
    throw new Error(`${name}:\n${written.join('\n')}`, { cause: error });
  } finally {
    client.close();
    await server.close();
  }
}

async function perform(client: RawClient, line: string): Promise<void> {
  if (line === '== TLS') await client.secure();
  if (line.startsWith('C: ')) client.write(unescaped(`${line.slice(3)}\\r\\n`));
  if (line.startsWith('C~ ')) client.write(unescaped(line.slice(3)));
}

/** The keywords of a reply to EHLO. */
function keywords(said: string): string {
  const lines = said.split('\r\n').slice(1);
  return lines.map((line) => line.slice(4).split(' ')[0]).join(' ');
}

/** A line as a transcript has it. */
function escaped(line: string): string {
  const octet = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return line.replaceAll('\\', '\\\\').replace(/[^\x20-\x7e]/g, octet);
}
