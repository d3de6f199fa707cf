/** Brings a connection to a ManageSieve server to verified TLS. RFC 5804 §1.7, §2.2. */
import type { Phase, Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError, printable } from '../../wire/dialogue.ts';
import { judgedHandshake } from '../handshake.ts';
import type { JudgeTls, Upgraded } from '../upgrade.ts';
import { type Capability, capabilityOf, isStartTls, writeCapability } from './capabilities.ts';
import { type Condition, conditionOf, parseLine, type Word } from './line.ts';

const MAX_LINE_BYTES = 8192;
const MAX_CAPABILITIES = 100;

/**
 * Upgrades a fresh connection.
 *
 * The server speaks first, and again inside TLS (RFC 5804 §2.2: the capabilities are issued anew, unasked). A referral
 * (`BYE (REFERRAL …)`) is a refusal: whoever follows it in clear goes where the path wants.
 *
 * @throws PeerError when the peer breaks the protocol.
 */
export function* startTls(channel: Channel, { judge }: { readonly judge: JudgeTls }): Talk<Upgraded> {
  const greeting = yield* readAnswer(channel, 'greeting');
  if (greeting.condition.name !== 'OK') return refusedAt('the connection', greeting);
  const clear = greeting.capabilities;
  if (!clear.some(isStartTls)) return { kind: 'notOffered', because: 'does not offer STARTTLS' };

  yield* channel.say('STARTTLS\r\n');
  const goAhead = yield* readAnswer(channel, 'reply');
  if (goAhead.capabilities.length > 0) {
    const what = `${channel.peer} answered STARTTLS with a list of capabilities, which is not an answer to it`;
    throw new PeerError('unexpected-reply', what);
  }
  if (goAhead.condition.name !== 'OK') return refusedAt('STARTTLS', goAhead);
  const handshake = yield* judgedHandshake(channel, judge);
  if (handshake.kind !== 'acceptable') return handshake;

  const inside = yield* readAnswer(channel, 'greeting');
  if (inside.condition.name !== 'OK') return refusedAt('the session inside TLS', inside);
  if (inside.capabilities.length === 0) {
    const what = `${channel.peer} says OK inside TLS where it has to list its capabilities`;
    throw new PeerError('unexpected-reply', what);
  }
  return {
    kind: 'secured',
    facts: handshake.facts,
    clear: clear.map(writeCapability),
    inside: inside.capabilities.map(writeCapability),
  };
}

interface Answer {
  readonly capabilities: readonly Capability[];
  readonly condition: Condition;
}

/** Capabilities, as many as there are, and the condition that ends the answer (RFC 5804 §1.2). */
export function* readAnswer(channel: Channel, within: Phase): Talk<Answer> {
  channel.beginAnswer();
  const capabilities: Capability[] = [];
  for (;;) {
    const words = yield* readWords(channel, within);
    const condition = conditionOf(words);
    if (condition !== undefined) return { capabilities, condition };
    const capability = capabilityOf(words);
    if (capability === undefined)
      throw malformed(channel, 'a line that is neither a capability nor a condition');
    if (/[\r\n\0]/.test(capability.name + (capability.value ?? ''))) {
      throw malformed(channel, 'a capability with a line end in it');
    }
    if (capabilities.length === MAX_CAPABILITIES) {
      const what = `${channel.peer} sent more than ${MAX_CAPABILITIES} capabilities`;
      throw new PeerError('reply-too-long', what);
    }
    capabilities.push(capability);
  }
}

export function* readWords(channel: Channel, within: Phase): Talk<readonly Word[]> {
  let words: readonly Word[] = [];
  yield* channel.readUnit(
    (unread) => {
      const octets = Buffer.from(unread.buffer, unread.byteOffset, unread.byteLength);
      const parsed = parseLine(octets, 'server', MAX_LINE_BYTES);
      if (parsed.kind === 'more') return undefined;
      if (parsed.kind === 'bad') {
        if (parsed.what === 'malformed') throw malformed(channel, `what is no line: ${shown(octets)}`);
        const what = `${channel.peer} sent a line longer than ${MAX_LINE_BYTES} octets`;
        throw new PeerError('line-too-long', what, octets);
      }
      words = parsed.words;
      return parsed.used;
    },
    MAX_LINE_BYTES,
    within,
  );
  return words;
}

function malformed({ peer }: Channel, what: string): PeerError {
  return new PeerError('malformed', `${peer} sent ${what}`);
}

function shown(octets: Buffer): string {
  return printable(octets.subarray(0, 80));
}

function refusedAt(what: string, { condition }: Answer): Extract<Upgraded, { kind: 'refused' }> {
  const words = printable(`${condition.name} ${condition.text}`.trimEnd().slice(0, 500));
  return { kind: 'refused', because: `refused ${what}: ${words}` };
}
