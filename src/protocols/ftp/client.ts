/**
 * Brings the control connection of FTP to verified TLS, and protects the data connections that will follow.
 *
 * RFC 4217 (AUTH TLS), RFC 2228 (AUTH, PBSZ, PROT), RFC 2389 (FEAT).
 */
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { judgedHandshake } from '../handshake.ts';
import { describeReply, positiveOnly, type Reply } from '../smtp/reply.ts';
import type { JudgeTls, Upgraded } from '../upgrade.ts';
import { featuresOf, offersAuthTls, readReply } from './reply.ts';

/**
 * Upgrades a fresh connection; data connections are to use TLS (`PROT P`) when it is done.
 *
 * A server that does not answer FEAT is asked all the same: AUTH gives nothing away, and its answer decides.
 *
 * @throws PeerError when the peer breaks the protocol.
 */
export function* startTls(channel: Channel, { judge }: { readonly judge: JudgeTls }): Talk<Upgraded> {
  const greeting = yield* readGreeting(channel);
  if (greeting.code !== 220) return refusedAt('the connection', greeting);

  const clear = yield* ask(channel, 'FEAT', [211]);
  const offered = clear.code === 211 ? featuresOf(clear) : [];
  if (clear.code === 211 && !offersAuthTls(offered))
    return { kind: 'notOffered', because: 'does not offer AUTH TLS' };

  // RFC 4217 §4.2: 234 is the go-ahead; 334 would ask for more, which TLS never does.
  const goAhead = yield* ask(channel, 'AUTH TLS', [234]);
  if (goAhead.code !== 234) return refusedAt('AUTH TLS', goAhead);
  const handshake = yield* judgedHandshake(channel, judge);
  if (handshake.kind !== 'acceptable') return handshake;

  // RFC 4217 §9: without both the data connections stay in clear.
  for (const command of ['PBSZ 0', 'PROT P']) {
    const done = yield* ask(channel, command, [200]);
    if (done.code !== 200) return refusedAt(`${command} inside TLS`, done);
  }
  const inside = yield* ask(channel, 'FEAT', [211]);
  return {
    kind: 'secured',
    facts: handshake.facts,
    clear: offered,
    inside: inside.code === 211 ? featuresOf(inside) : [],
  };
}

/** RFC 959 §5.4: a server that is busy says 120 first, and 220 when it is ready. */
function* readGreeting(channel: Channel): Talk<Reply> {
  const first = positiveOnly(channel, 'the connection', yield* readReply(channel, 'greeting'), [120, 220]);
  if (first.code !== 120) return first;
  return positiveOnly(channel, 'the connection', yield* readReply(channel, 'greeting'), [220]);
}

function* ask(channel: Channel, command: string, expected: readonly number[]): Talk<Reply> {
  yield* channel.say(`${command}\r\n`);
  return positiveOnly(channel, command, yield* readReply(channel, 'reply'), expected);
}

function refusedAt(what: string, reply: Reply): Extract<Upgraded, { kind: 'refused' }> {
  return { kind: 'refused', because: `refused ${what}: ${describeReply(reply)}` };
}
