/** One endpoint of a case, and how findings about it are made: with its scope, and a remedy for the program that runs there. */
import { type CheckCase, type HostCase, scopeOf } from './case.ts';
import { type CheckId, entryOf } from './catalogue.ts';
import type { FindingState, PasteLine, Remedy, Severity, Software } from './check.ts';
import { wordsAt } from './elsewhere.ts';
import { type CheckProtocol, checkProtocols } from './endpoint.ts';
import { type Finding, finding, repairOf } from './finding.ts';
import type { Observation, Visit } from './observation.ts';
import { programOf, programsFor } from './program.ts';

export interface Place {
  readonly theCase: CheckCase;
  readonly host: HostCase;
  readonly observation: Observation;
}

/** Every endpoint that was visited, host by host. */
export function placesOf(theCase: CheckCase): readonly Place[] {
  return theCase.hosts.flatMap((host) =>
    host.observations.map((observation) => ({ theCase, host, observation })),
  );
}

/** Whether the place is not what was asked about, but the door beside it where TLS comes first. */
export function isBeside({ theCase: { target }, observation: { endpoint } }: Place): boolean {
  return endpoint.tls === 'implicit' && (target.kind === 'domain' || target.tls === 'starttls');
}

/** Whether the first connection has come so far that something can be said of TLS. */
export function isSeen({ connect, clear, tls, upgrade }: Visit): boolean {
  if (connect.kind === 'failed') return false;
  if (upgrade.kind === 'refused' && upgrade.answer.code === CLOSING) return false;
  return tls !== null || upgrade.kind !== 'not-reached' || clear !== null;
}

/** Whether the first hello was said, and came to nothing or was left without an answer. */
export function isTried({ upgrade, end }: Visit): boolean {
  return upgrade.kind === 'handshake-failed' || (end.kind === 'timeout' && end.at === 'handshake');
}

/** Whether TLS stands at the first connection; a handshake that is refused at its end has shown a session all the same. */
export function isSecured({ observation: { base } }: Place): boolean {
  return base.upgrade.kind === 'secured' || base.upgrade.kind === 'implicit';
}

/** "421 Service not available, closing transmission channel" (RFC 5321 §4.2.3), said to anything. */
const CLOSING = 421;

/** What a finding says beside its id and state. */
export interface Said {
  readonly evidence: readonly string[];
  readonly severity?: Severity;
  readonly why?: string;
  /** In place of the catalogue's. */
  readonly fix?: readonly Remedy[];
  /** Milliseconds since 1970. */
  readonly retryAt?: number;
}

/** A finding about the place, where no mail servers come in words about clients. */
export function foundAt(place: Place, id: CheckId, state: FindingState, said: Said): Finding {
  const scope = scopeOf(place.host, place.observation);
  const { evidence, fix: exact } = said;
  const { protocol } = place.observation.endpoint;
  const words = wordsAt(id, protocol);
  const fixes = (): readonly Remedy[] => {
    const fix = exact ?? (state === 'not-tested' ? repairOf(id, state, scope) : entryOf(id).fix);
    return (exact === undefined ? words.order(fix) : fix).map((remedy) => remedyAt(place, id, remedy));
  };
  return finding(id, state, {
    ...words.said,
    ...said,
    scope,
    evidence: bounded(readable(evidence, protocol)),
    // What passes needs none; most do, and naming hosts and programs in remedies is most of the work.
    fix: state === 'pass' ? [] : fixes(),
  });
}

/** Of these protocols what is said are octets, and a dialogue in them is no evidence for people. */
const binary: readonly CheckProtocol[] = ['ldap', 'postgres', 'mysql'];

function readable(evidence: readonly string[], protocol: CheckProtocol): readonly string[] {
  if (!binary.includes(protocol)) return evidence;
  const sentences = evidence.filter((line) => !/^[CS]: /.test(line));
  return sentences.length === 0 ? evidence : sentences;
}

const MOST_LINES = 12;
const LONGEST_LINE = 300;

/** As much of the evidence as people read. */
export function bounded(evidence: readonly string[]): readonly string[] {
  const kept = evidence.length > MOST_LINES ? evidence.slice(0, MOST_LINES - 1) : evidence;
  const lines = kept.map((line) =>
    line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 1)}…` : line,
  );
  return kept.length === evidence.length ? lines : [...lines, `… and ${evidence.length - kept.length} more`];
}

/** Words in the catalogue that stand for the host and the domain that a finding is about. */
const HOST_EXAMPLE = 'mx.example.com';
const HOST_WORD = /\bmx\.example\.com\b/g;

/** The remedy with the host's own name, the lines of its program first, and the command that shows that it is done. */
function remedyAt(place: Place, id: CheckId, remedy: Remedy): Remedy {
  const { host, observation } = place;
  const name = observation.endpoint.serverName ?? host.name;
  const named = (text: string): string =>
    text.includes(HOST_EXAMPLE) ? text.replace(HOST_WORD, () => name) : text;
  const lines = linesFor(observation, remedy.lines ?? []).map((line) => ({
    ...line,
    text: named(line.text),
  }));
  const { lines: _, ...others } = remedy;
  return {
    ...others,
    do: named(remedy.do),
    ...(lines.length === 0 ? {} : { lines }),
    verify: remedy.verify === undefined ? verifyCommand(place, id) : named(remedy.verify),
  };
}

/** Lines for programs that speak the protocol, those of the one that runs there first. */
function linesFor(observation: Observation, lines: readonly PasteLine[]): readonly PasteLine[] {
  const fitting: readonly Software[] = programsFor(observation.endpoint.protocol);
  const program = programOf(observation);
  const [first, others] = [
    lines.filter((line) => line.for === program),
    lines.filter((line) => line.for !== program && fitting.includes(line.for)),
  ];
  return [...first, ...others];
}

/** The check that looks at this again. */
export function verifyCommand({ theCase: { target }, host, observation }: Place, id: string): string {
  if (target.kind === 'domain') return `waxwing check ${target.domain} --only ${id}`;
  const { port, protocol, tls } = observation.endpoint;
  const name = target.kind === 'address' ? bracketed(host.name) : host.name;
  const implicit = tls === 'implicit' ? ' --tls implicit' : '';
  const place = checkProtocols[protocol][tls] === port && protocol !== 'smtp' ? name : `${name}:${port}`;
  // A shell takes brackets for a pattern.
  const where = place.startsWith('[') ? `'${place}'` : place;
  return `waxwing check ${where}${protocolFlag(protocol)}${implicit} --only ${id}`;
}

function protocolFlag(protocol: CheckProtocol): string {
  return protocol === 'smtp' ? '' : ` --protocol ${protocol}`;
}

function bracketed(address: string): string {
  return `[${address}]`;
}

/** What was said from a command on to the next one, as a transcript has it; nothing where it was never said. */
export function exchange(
  transcript: readonly string[],
  command: RegExp,
  which: 'first' | 'last' = 'last',
): readonly string[] {
  const isMeant = (line: string): boolean => line.startsWith('C: ') && command.test(line);
  const from = which === 'first' ? transcript.findIndex(isMeant) : transcript.findLastIndex(isMeant);
  if (from === -1) return [];
  const rest = transcript.slice(from + 1);
  const next = rest.findIndex((line) => line.startsWith('C: '));
  const answer = next === -1 ? rest : rest.slice(0, next);
  return [transcript[from] ?? '', ...answer.slice(0, MOST_ANSWER_LINES)];
}

const MOST_ANSWER_LINES = 6;

/** The lines, or the one in their place where there are none. */
export function nonEmpty(lines: readonly string[], otherwise: string): readonly string[] {
  return lines.length === 0 ? [otherwise] : lines;
}
