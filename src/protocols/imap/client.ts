/** Brings a connection to an IMAP server to verified TLS. RFC 9051 §6.2.1, RFC 2595 §3. */
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError } from '../../wire/dialogue.ts';
import { judgedHandshake } from '../handshake.ts';
import type { JudgeTls, NotUpgraded, Upgraded } from '../upgrade.ts';
import { allowance, type Response, readResponse, type TaggedStatus, textOf } from './response.ts';

type Refused = Extract<NotUpgraded, { kind: 'refused' }>;

/**
 * Upgrades a fresh connection.
 *
 * Of what comes in clear nothing is kept but the capabilities, as evidence: no mailbox data, no alert, no referral
 * (RFC 9051 §11.3).
 *
 * @throws PeerError when the peer breaks the protocol.
 */
export function* startTls(channel: Channel, { judge }: { readonly judge: JudgeTls }): Talk<Upgraded> {
  const refusal = yield* readGreeting(channel);
  if (refusal !== undefined) return refusal;

  const clear = yield* askCapabilities(channel, 'w1');
  if (clear.kind === 'refused') return clear;
  if (!clear.capabilities.some((capability) => capability.toUpperCase() === 'STARTTLS'))
    return { kind: 'notOffered', because: 'does not offer STARTTLS' };

  const goAhead = yield* ask(channel, 'w2', 'STARTTLS');
  if (goAhead.kind === 'refused') return goAhead;
  const handshake = yield* judgedHandshake(channel, judge);
  if (handshake.kind !== 'acceptable') return handshake;

  // RFC 9051 §6.2.1: "the client MUST discard cached information about server capabilities".
  const inside = yield* askCapabilities(channel, 'w3');
  if (inside.kind === 'refused') return inside;
  return {
    kind: 'secured',
    facts: handshake.facts,
    clear: clear.capabilities,
    inside: inside.capabilities,
  };
}

/** @returns undefined where the server is ready and waits for a login. */
function* readGreeting(channel: Channel): Talk<Refused | undefined> {
  channel.beginAnswer();
  const greeting = yield* readResponse(channel, allowance(), 'greeting');
  if (greeting.kind !== 'status') throw outOfStep(channel, 'greeted', greeting);
  switch (greeting.status) {
    case 'OK':
      return undefined;
    case 'PREAUTH':
      // RFC 9051 §7.1.4: a client that requires TLS "MUST close the connection". Whoever is on the way says PREAUTH
      // to get a session without the login, and without the STARTTLS, that it could not have read (CVE-2020-12398).
      return refused('greets with PREAUTH in clear, after which there is no STARTTLS', '');
    case 'BYE':
      return refused('refuses the connection', greeting.text);
    case 'NO':
    case 'BAD':
      throw outOfStep(channel, 'greeted', greeting);
  }
}

type Capabilities = { readonly kind: 'listed'; readonly capabilities: readonly string[] } | Refused;

function* askCapabilities(channel: Channel, tag: string): Talk<Capabilities> {
  const answer = yield* ask(channel, tag, 'CAPABILITY');
  if (answer.kind === 'refused') return answer;
  if (answer.capabilities === undefined) {
    const what = `${channel.peer} answered CAPABILITY without a list`;
    throw new PeerError('malformed', what);
  }
  return { kind: 'listed', capabilities: answer.capabilities };
}

type Answer = { readonly kind: 'done'; readonly capabilities: readonly string[] | undefined } | Refused;

/**
 * What a server may have said unasked: lines of untagged responses, without literals.
 *
 * Dovecot says "Waiting for authentication process to respond.." in front of its greeting.
 */
const UNASKED = /^(?:\* (?:[^\r\n]*[^}\r\n])?\r\n)*(?:\*(?: [^\r\n]*\r?)?)?$/;

/** Says a command and reads to the tagged answer: the one with our tag, and no other. */
function* ask(channel: Channel, tag: string, command: 'CAPABILITY' | 'STARTTLS'): Talk<Answer> {
  // RFC 9051 §2.2.2: "A client MUST be prepared to accept any server response at all times". Inside TLS nothing can be
  // in flight before our first command but what somebody on the way put there.
  if (channel.tls === undefined) yield* channel.sayBeside(`${tag} ${command}\r\n`, UNASKED);
  else yield* channel.say(`${tag} ${command}\r\n`);
  channel.beginAnswer();
  const allowed = allowance();
  let capabilities: readonly string[] | undefined;
  for (;;) {
    const response = yield* readResponse(channel, allowed, 'reply');
    switch (response.kind) {
      case 'data':
        break;
      case 'capability':
        capabilities = response.capabilities;
        break;
      case 'status':
        if (response.status === 'BYE') return refused(`closes the connection at ${command}`, response.text);
        if (isGreeting(response.status, channel, capabilities)) throw outOfStep(channel, command, response);
        break;
      case 'continuation':
        throw outOfStep(channel, command, response);
      case 'tagged':
        if (response.tag !== tag) throw outOfStep(channel, command, response);
        if (response.status === 'OK') return { kind: 'done', capabilities };
        return refused(`answers ${command} with ${response.status}`, response.text);
    }
  }
}

/**
 * Whether this looks like the greeting of a connection that began with TLS, which somebody on the way joined to ours.
 *
 * Inside TLS the list comes first, and before a login PREAUTH comes in a greeting or not at all.
 */
function isGreeting(
  status: TaggedStatus | 'PREAUTH',
  channel: Channel,
  capabilities: readonly string[] | undefined,
): boolean {
  if (status === 'PREAUTH') return true;
  return status === 'OK' && channel.tls !== undefined && capabilities === undefined;
}

function refused(what: string, text: string): Refused {
  const said = textOf(text);
  if (said === undefined)
    return { kind: 'refused', because: `${what}, and names another server, which is not followed` };
  return { kind: 'refused', because: said === '' ? what : `${what}: ${said}` };
}

function outOfStep(channel: Channel, at: string, response: Response): PeerError {
  const inside = channel.tls === undefined ? '' : ' inside TLS';
  const what = describe(response);
  return new PeerError(
    'unexpected-reply',
    at === 'greeted'
      ? `${channel.peer} greeted with ${what}`
      : `${channel.peer} answered ${at}${inside} with ${what}, which is not an answer to it`,
  );
}

function describe(response: Response): string {
  switch (response.kind) {
    case 'tagged':
      return `${response.status} of the tag ${response.tag.slice(0, 40)}`;
    case 'status':
      return `an untagged ${response.status}`;
    case 'capability':
      return 'its capabilities';
    case 'continuation':
      return 'a request to go on';
    case 'data':
      return 'data of a mailbox';
  }
}
