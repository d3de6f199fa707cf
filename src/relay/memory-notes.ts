/** What a session came to, as the memory of TLS keeps it, and the gathering of many. */
import { createHash } from 'node:crypto';
import { type Domain, parseDomain } from '../names/domain.ts';
import type { Decision } from '../policies/decide.ts';
import { wasProven } from '../policies/memory/expect.ts';
import type { SessionNote } from '../policies/memory/track.ts';
import type { ResultType } from '../reports/tls-rpt/result-types.ts';
import type { SessionResult } from '../reports/tls-rpt/session-result.ts';
import { proveIdentity } from '../tls/identity.ts';
import { readCertificate } from '../tls/raw-certificate.ts';
import { PeerError } from '../wire/dialogue.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import type { Dialled, Way } from './session.ts';

/**
 * What is remembered of one session.
 *
 * @param remembered why TLS was not tried, where it failed a while ago; null where it was.
 * @param now milliseconds since 1970.
 * @returns undefined where the session says nothing of the host's TLS, or of a host that was looked up.
 */
export function noteOfSession(
  { hop, protocol, decision }: Pick<Way, 'hop' | 'protocol' | 'decision'>,
  opened: Dialled,
  remembered: string | null,
  now: number,
): SessionNote | undefined {
  const { destination, host: name } = hop;
  const host = destination?.hosts.find(({ facts }) => facts.host === name)?.facts.host;
  if (destination === undefined || host === undefined) return undefined;
  // By an operator's word no TLS is tried; behind TLS that comes first there is nothing to be stripped.
  if (protocol !== 'smtp' || decision.tryTls === 'no') return undefined;
  const came = howFar(opened, remembered, decision, [host, destination.domain]);
  if (came === undefined) return undefined;
  const again = came.reached === 'encrypt' && wasProven(destination, host) ? provenAgain(opened, host) : null;
  if (again !== null)
    return {
      domain: destination.domain,
      host,
      at: now,
      sessions: 1,
      ...came,
      reached: 'authenticate',
      proof: again,
    };
  return { domain: destination.domain, host, at: now, sessions: 1, ...came };
}

type Came = Pick<SessionNote, 'reached' | 'proof' | 'spki'>;

const nothing = { proof: null, spki: null } as const;

function howFar(
  opened: Dialled,
  remembered: string | null,
  decision: Decision,
  names: readonly Domain[],
): Came | undefined {
  if (opened.kind === 'broken') {
    // Somebody wrote into the upgrade; any other break says nothing about TLS.
    const isSpoiled = opened.error instanceof PeerError && opened.error.code === 'injected';
    return isSpoiled ? { reached: 'failed', ...nothing } : undefined;
  }
  if (opened.kind === 'session') {
    const { connection, tls } = opened.session;
    const { tls: facts } = connection.channel;
    if (facts === undefined) return { reached: remembered === null ? 'clear' : 'failed', ...nothing };
    if (tls.outcome !== 'authenticated') return { reached: 'encrypt', proof: null, spki: spkiOf(facts) };
    const proof = tls.tlsa === null ? 'name' : 'tlsa';
    const isOwn = proof === 'tlsa' || provesOwnName(decision, names);
    const spki = spkiOf(facts);
    return isOwn ? { reached: 'authenticate', proof, spki } : { reached: 'encrypt', proof: null, spki };
  }
  switch (opened.outcome.kind) {
    case 'notOffered':
    case 'startTlsRefused':
      return { reached: 'clear', ...nothing };
    case 'tlsFailed':
      return { reached: 'failed', ...nothing };
    case 'unacceptable':
      return { reached: 'encrypt', proof: null, spki: spkiOf(opened.outcome.facts) };
    case 'refused':
    case 'loginRefused':
    case 'loginNotOffered':
      return undefined;
  }
}

/**
 * What proves a host again that was proven before to take the domain's mail, though DNS does not prove it now: so `observe` sees
 * what `enforce` would let pass.
 */
function provenAgain(opened: Dialled, host: Domain): SessionNote['proof'] {
  if (opened.kind !== 'session') return null;
  const { connection, tls } = opened.session;
  if (tls.tlsa !== null) return 'tlsa';
  const facts = connection.channel.tls;
  const leaf = facts?.chain[0];
  if (facts?.path.kind !== 'trusted' || leaf === undefined) return null;
  return proveIdentity(leaf, [{ kind: 'name', name: host }]).kind === 'proved' ? 'name' : null;
}

/** Not by names that an operator has added, which the memory could not ask for once they are taken back. */
function provesOwnName({ match }: Decision, names: readonly Domain[]): boolean {
  return match.every((identity) => identity.kind === 'name' && names.includes(identity.name));
}

function spkiOf({ chain: [leaf] }: TlsFacts): string | null {
  const raw = leaf === undefined ? undefined : readCertificate(leaf);
  return raw?.kind === 'ok' ? createHash('sha256').update(raw.value.spki).digest('hex') : null;
}

/**
 * What a Postfix on this host tells of one of its sessions. It does not name the host where all went well, nor whether the
 * path could choose it: so it says of the domain as a whole that there was TLS, and no more. That a certificate was refused it
 * does tell; were that not taken, what only a Postfix is asked for again would never give way.
 */
export function noteOfResult({ domain, policies }: SessionResult, now: number): SessionNote | undefined {
  const came = reachedIn(policies);
  const parsed = parseDomain(domain);
  if (came === undefined || parsed.kind === 'invalid') return undefined;
  return { domain: parsed.value, host: null, at: now, sessions: 1, ...nothing, ...came };
}

const REFUSED: ReadonlySet<ResultType> = new Set<ResultType>([
  'certificate-expired',
  'certificate-host-mismatch',
  'certificate-not-trusted',
]);

function reachedIn(
  policies: SessionResult['policies'],
): Pick<SessionNote, 'reached' | 'unjudged'> | undefined {
  if (policies.some(({ final }) => final === 'success')) return { reached: 'encrypt', unjudged: true };
  const types = policies.flatMap(({ failures }) => failures.map(({ type }) => type));
  if (types.includes('starttls-not-supported')) return { reached: 'clear' };
  if (types.includes('validation-failure')) return { reached: 'failed' };
  return types.some((type) => REFUSED.has(type)) ? { reached: 'encrypt' } : undefined;
}

export interface NoteGatherer {
  add(note: SessionNote): void;
  /** Gives away all that was gathered, and begins anew. */
  take(): readonly SessionNote[];
  /** Whether so much has gathered that it should be taken. */
  readonly isFull: boolean;
}

/** Each note is a few reads and writes of SQLite, which take the one thread that all connections share. */
const MOST_NOTES = 500;

/** Sessions with the same host that came to the same are one note, as long as nothing else came between. */
export function gatherNotes(): NoteGatherer {
  let byHost = new Map<string, SessionNote[]>();
  let count = 0;
  return {
    add(note) {
      const key = `${note.domain} ${note.host ?? ''}`;
      const notes = byHost.get(key) ?? [];
      const last = notes.at(-1);
      if (last !== undefined && last.reached === note.reached && last.unjudged === note.unjudged) {
        notes[notes.length - 1] = { ...note, sessions: last.sessions + note.sessions };
        return;
      }
      notes.push(note);
      byHost.set(key, notes);
      count += 1;
    },
    take() {
      // What is remembered of a domain as a whole depends on which of its hosts came last.
      const taken = [...byHost.values()].flat().toSorted((a, b) => a.at - b.at);
      byHost = new Map();
      count = 0;
      return taken;
    },
    get isFull() {
      return count >= MOST_NOTES;
    },
  };
}
