/**
 * Records what real servers say, as transcripts for the tests of the client engines.
 *
 * Run by hand when a peer has a new version, with the names of peers where not all are meant; the results are kept in
 * the repository.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type RawClient, rawClient } from '../../support/raw-client.ts';
import { unescaped } from '../../support/transcript.ts';
import type { PeerName } from '../support/catalog.ts';
import { fetchPeer } from '../support/fetch.ts';
import { ofDovecot } from './dovecot.ts';
import { ofExim } from './exim.ts';
import { ofInn } from './inn.ts';
import { ofMariadb } from './mariadb.ts';
import { ofOpenSmtpd } from './opensmtpd.ts';
import { ofPostfix } from './postfix.ts';
import { ofPostgresql } from './postgresql.ts';
import { ofProsody } from './prosody.ts';
import type { Scene } from './scene.ts';
import { escaped, type Heard, type Script } from './script.ts';
import { ofSlapd } from './slapd.ts';
import { ofVsftpd } from './vsftpd.ts';

const folder = join(import.meta.dirname, '../../transcripts/recorded');

await recordAll('postfix', 'Postfix', ofPostfix);
await recordAll('exim', 'Exim', ofExim);
await recordAll('opensmtpd', 'OpenSMTPD', ofOpenSmtpd);
await recordAll('dovecot', 'Dovecot', ofDovecot);
await recordAll('slapd', 'slapd', ofSlapd);
await recordAll('postgresql', 'PostgreSQL', ofPostgresql);
await recordAll('mariadb', 'MariaDB', ofMariadb);
await recordAll('prosody', 'Prosody', ofProsody);
await recordAll('inn', 'INN', ofInn);
await recordAll('vsftpd', 'vsftpd', ofVsftpd);

async function recordAll(peer: PeerName, title: string, scenes: readonly Scene[]): Promise<void> {
  const only = process.argv.slice(2);
  if (only.length > 0 && !only.includes(peer)) return;
  const { root, version } = await rootOf(peer);
  // What stands behind the first number of PostgreSQL's is corrections only.
  const release = (peer === 'postgresql' ? /^\d+/ : /^\d+\.\d+/).exec(version)?.[0] ?? version;
  const place = join(folder, `${peer}-${release}`);
  await rm(place, { recursive: true, force: true });
  for (const scene of scenes) {
    const lines = [`# recorded from ${title} ${version}: ${scene.title}`, ...(await record(root, scene))];
    const file = join(place, `${scene.name}.txt`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${lines.join('\n')}\n`);
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
  const client = await rawClient(implicit === true ? server.tlsPort : server.port, server.address);
  const written: string[] = [];
  try {
    await follow(script, client, written);
    return written;
  } catch (error) {
    throw new Error(`${name}:\n${written.join('\n')}`, { cause: error });
  } finally {
    client.close();
    await server.close();
  }
}

/** Does what the script says, and writes down what that and the answers are. */
async function follow(script: Script, client: RawClient, written: string[]): Promise<void> {
  const heard: string[] = [];
  let offers = '';
  for (const step of script) {
    if (typeof step === 'object') {
      const said = await hear(client, step);
      heard.push(said);
      if (/^C: [EL]HLO /.test(written.at(-1) ?? '')) offers = keywords(said);
      if ('octets' in step) written.push(`S~ ${escaped(said)}`);
      else written.push(...said.split('\r\n').map((line) => `S: ${escaped(line)}`));
      continue;
    }
    const line = typeof step === 'string' ? step.replace('OFFERS', offers) : step(heard.at(-1) ?? '', heard);
    written.push(line);
    await perform(client, line);
  }
}

/** Octets as they are, or lines without the end of the last one. */
async function hear(client: RawClient, what: Heard): Promise<string> {
  return 'octets' in what
    ? client.until(what.octets)
    : (await client.until(what.lines)).slice(0, -'\r\n'.length);
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
