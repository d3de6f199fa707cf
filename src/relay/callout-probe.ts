/** Asks a backend whether it has a mailbox, on connections that are kept for the next question. */
import type { Mailbox } from '../names/mailbox.ts';
import { routeFor } from '../policies/overrides/route.ts';
import { nothingRuled } from '../policies/overrides/rule.ts';
import { askRecipient } from '../protocols/smtp/client/ask-recipient.ts';
import { describeReply, type Reply, severity } from '../protocols/smtp/reply.ts';
import { type CalloutAnswer, CONNECTIONS_PER_BACKEND, type Probe } from './callout.ts';
import { nextHops } from './next-hops.ts';
import { connectionPool, type Pool } from './pool.ts';
import { asWorldly, type OutgoingPatience, type Session, type Way } from './session.ts';
import type { Outgoing } from './settings.ts';

export interface BackendProbe {
  readonly probe: Probe;
  close(): Promise<void>;
}

/** A client waits for the answer: whoever has not spoken by then is as good as away. */
const PATIENCE_MS = 15_000;

/** @param random in [0, 1). */
export function startBackendProbe(unhurried: Outgoing, random: () => number): BackendProbe {
  const outgoing = { ...unhurried, patience: hurried(unhurried.patience) };
  const pool = connectionPool({ outgoing, perDestination: CONNECTIONS_PER_BACKEND });
  return {
    probe: (_, mailbox) => ask(mailbox, outgoing, pool, random),
    close: () => pool.close(),
  };
}

async function ask(
  mailbox: Mailbox,
  outgoing: Outgoing,
  pool: Pool,
  random: () => number,
): Promise<CalloutAnswer> {
  const route = routeFor(mailbox.at, outgoing.routes);
  const errand = { domain: mailbox.at, route, ruled: nothingRuled, release: null, message: null };
  const hops = await nextHops(errand, outgoing, random);
  if (hops.kind !== 'found') return undecided(hops.because);
  const course = {
    protocol: route?.to?.protocol ?? 'smtp',
    login: route?.login ?? null,
    hello: route?.hello ?? outgoing.hostname,
    source: route?.source ?? null,
  };
  let answer = undecided('the backend has no host');
  for (const hop of hops.hops) {
    answer = await askHost({ ...course, hop, decision: hop.decision }, mailbox.text, pool);
    if (answer.kind !== 'undecided') break;
  }
  return answer;
}

async function askHost(way: Way, address: string, pool: Pool): Promise<CalloutAnswer> {
  const kept = pool.reuse(way);
  if (kept !== undefined) {
    const answer = await askOn(kept, address, pool);
    // A kept connection may have been closed by the other side just now; that says nothing about the host.
    if (answer.kind !== 'undecided') return answer;
  }
  const opened = await openSession(way, pool);
  return typeof opened === 'string' ? undecided(opened) : askOn(opened, address, pool);
}

/** @returns why there is none, where there is none. */
async function openSession(way: Way, pool: Pool): Promise<Session | string> {
  const { host } = way.hop;
  const opening = { destination: host, connections: null, isShared: false, fallback: null, others: false };
  const opened = await pool.open(way, opening);
  if (opened.kind === 'session') return opened.session;
  if (opened.kind === 'crowded') return opened.because;
  if (opened.kind === 'broken') return opened.error.message;
  const { kind } = opened.outcome;
  const because = `${host} cannot be asked (${kind})`;
  const tlsOnly = kind === 'tlsFailed' || kind === 'startTlsRefused';
  // As mail would go there: in clear on a fresh connection, where nothing requires TLS.
  if (!tlsOnly || way.decision.requires !== 'none' || way.protocol === 'smtps') return because;
  const again = await pool.open(way, { ...opening, fallback: because });
  return again.kind === 'session' ? again.session : because;
}

async function askOn(session: Session, address: string, pool: Pool): Promise<CalloutAnswer> {
  const { connection, offers, asked } = session;
  session.transactionsLeft -= 1;
  try {
    const answer = await connection.run(askRecipient(connection.channel, offers, address));
    pool.giveBack(session, answer.kind === 'answered' ? 'to-reset' : 'reusable');
    // As good as a no: mail for the address could not be handed over either.
    if (answer.kind === 'needsUtf8') return { kind: 'unknown' };
    if (severity(answer.reply) === 'positive') return { kind: 'known' };
    // Only a no to the recipient is about the recipient.
    if (answer.at === 'RCPT' && severity(answer.reply) === 'permanent') return meaningOf(answer.reply);
    return undecided(`${asked.host} answered ${answer.at} with ${describeReply(answer.reply)}`);
  } catch (error) {
    pool.discard(session);
    return undecided(asWorldly(error).message);
  }
}

/** RFC 3463 §3.2: 5.1.X is about the address; RFC 5321 §4.2.3: of the bare codes these three are. */
function meaningOf(reply: Reply): CalloutAnswer {
  const { code, enhanced } = reply;
  const noMailbox = enhanced === null ? [550, 551, 553].includes(code) : enhanced.startsWith('5.1.');
  return noMailbox ? { kind: 'unknown' } : { kind: 'refused', reply };
}

function hurried(patience: OutgoingPatience): OutgoingPatience {
  const least = (ms: number): number => Math.min(ms, PATIENCE_MS);
  const { greeting, reply } = patience.phases;
  return {
    ...patience,
    phases: { ...patience.phases, greeting: least(greeting), reply: least(reply) },
    connect: least(patience.connect),
    handshake: least(patience.handshake),
  };
}

function undecided(because: string): CalloutAnswer {
  return { kind: 'undecided', because };
}
