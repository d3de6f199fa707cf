/** A scenario, and what has to become of it, as it is written down before anything is sent. */
import type { OnBlocked } from '../../../../src/policies/overrides/rule.ts';
import type { Layer, Requirement, TlsOutcome } from '../../../../src/policies/words.ts';

/** Who demands what of mail to the domain. */
export const layers = {
  none: 'unsigned, no policy: `relay.tls = "may"`',
  'route encrypt': 'a `[[route]]` for `.SUFFIX` with `tls = "encrypt"`, unsigned',
  'route authenticate': 'a `[[route]]` for `.SUFFIX` with `tls = "authenticate"`, unsigned',
  'rule authenticate': 'a `[[rule]]` for the account that submits; secure MX where nothing else is said',
  'override may': '`policy override DOMAIN may`, over TLSA records that match nothing',
  'override encrypt': '`policy override DOMAIN encrypt`; unsigned where nothing else is said',
  'override authenticate': '`policy override DOMAIN authenticate`, secure MX',
  'override *': "`policy override '*' may`, the switch for all mail, over the policy of the domain",
  DANE: 'secure MX, and TLSA records of the server',
  'DANE mismatch': 'secure MX, and a TLSA record that matches nothing',
  'DANE unusable': 'secure MX, and TLSA records that authenticate nobody',
  'DANE bogus': 'secure MX, and TLSA records that cannot be learnt',
  'half-DANE': 'MX that is not secure, and TLSA records of the server',
  'MTA-STS': 'a policy `enforce` that lists the host, unsigned',
  'MTA-STS testing': 'a policy `testing`, unsigned',
  'MTA-STS unlisted': 'a policy `enforce` that does not list the host, unsigned',
  list: 'a signed policy list that says `enforce` and names the host, unsigned',
  'list testing': 'a signed policy list that says `testing`, unsigned',
  'list without host': 'a signed policy list that says `enforce` and does not name the host, unsigned',
  'DANE + MTA-STS': 'both, and both fit',
  'mismatch + MTA-STS': 'a TLSA record that matches nothing, and a policy that lists the host',
} as const;

export type LayerName = keyof typeof layers;

/** Who is there. */
export const peers = {
  good: 'ours, scripted: a good certificate, REQUIRETLS',
  Postfix: 'Postfix 3.7: a good certificate, no REQUIRETLS',
  Exim: 'Exim 4.96: a good certificate, no REQUIRETLS',
  OpenSMTPD: 'OpenSMTPD 7.6: a good certificate, no REQUIRETLS',
  untrusted: 'Exim 4.96, whose certificate is of an authority that nobody knows; no REQUIRETLS',
  'wrong name': 'OpenSMTPD 7.6, whose certificate is for another name; no REQUIRETLS',
  expired: 'Postfix 3.7, whose certificate has expired; no REQUIRETLS',
  'no STARTTLS': 'Postfix 3.7 without TLS',
  bare: 'ours, scripted: STARTTLS is not offered',
  refused: 'ours, scripted: STARTTLS is offered, and then 454',
  broken: 'ours, scripted: gone when it has our ClientHello',
  injected: 'ours, scripted: plaintext together with the 220',
  hanging: 'ours, scripted: silent after a ClientHello of the usual size',
  stripped: 'Postfix 3.7 behind somebody who takes STARTTLS out',
  intercepted: 'Postfix 3.7 behind somebody who ends TLS himself',
} as const;

export type PeerName = keyof typeof peers;

/** What the message asks for itself. */
export const messages = {
  plain: 'nothing',
  REQUIRETLS: 'the parameter of MAIL (RFC 8689 §2)',
  'TLS-Required: No': 'the header field (RFC 8689 §3)',
  'Waxwing-TLS': 'the header field `Waxwing-TLS: authenticate`',
} as const;

export type MessageName = keyof typeof messages;

/** What becomes of it. */
export interface Fate {
  /** `–`: it did not travel. */
  readonly outcome: TlsOutcome | '–';
  /** After `received`, in their order. */
  readonly events: string;
  /** What the far side said to mail that went; else action and status of the notification to the sender; `–`: none. */
  readonly reply: string;
  readonly queue: 'delivered' | 'held by tls' | 'waiting' | 'bounced';
  /** The first words; HOST, DOMAIN, ADDRESS and TIME stand for those of the row. */
  readonly because: string;
}

export interface Row extends Fate {
  readonly layer: LayerName;
  readonly peer: PeerName;
  readonly message: MessageName;
  readonly required: Requirement;
  readonly by: Layer;
  readonly onBlocked: OnBlocked;
  /** A domain of the lab; null: one that is made for this row. */
  readonly labDomain: string | null;
  /** Whether the switch for all mail is on. */
  readonly switched: boolean;
}

type Demand = `${Requirement} by ${Layer}`;

const requirements: readonly Requirement[] = ['none', 'encrypt', 'authenticate'];
const bys: readonly Layer[] = ['override', 'message', 'dane', 'sts', 'list', 'default'];

/** One row: who demands, who is there, what the message asks; which demand comes of it, and what becomes of the mail. */
export function row(
  layer: LayerName,
  peer: PeerName,
  message: MessageName,
  demand: Demand,
  fate: Fate,
  onBlocked: OnBlocked = 'hold',
): Row {
  const [left, right] = demand.split(' by ');
  const required = requirements.find((one) => one === left);
  const by = bys.find((one) => one === right);
  if (required === undefined || by === undefined) throw new Error(`nobody demands ${demand}`);
  return { layer, peer, message, required, by, onBlocked, labDomain: null, switched: false, ...fate };
}

/** The same at a domain of the lab, whose proofs are ours to check. */
export function labRow(domain: string, ...what: Parameters<typeof row>): Row {
  return { ...row(...what), labDomain: domain };
}

/** And with the switch for all mail on. */
export function switchedRow(...what: Parameters<typeof labRow>): Row {
  return { ...labRow(...what), switched: true };
}

/** It went. @param reply of the far side: ours and most say 2.0.0, Exim has no enhanced code. */
export function went(outcome: TlsOutcome, because: string, reply = '250 2.0.0'): Fate {
  return { outcome, events: 'delivered', reply, queue: 'delivered', because };
}

/** Exim took it. */
export function wentByExim(outcome: TlsOutcome, because: string): Fate {
  return went(outcome, because, '250');
}

/** The TLS could not be had: it waits for that, and the sender hears of it early. */
export function held(because: string, status = '4.4.7'): Fate {
  return { outcome: '–', events: 'blocked, held', reply: `delayed ${status}`, queue: 'held by tls', because };
}

/** The TLS could not be had: the sender has it back. */
export function returned(status: string, because: string): Fate {
  return { outcome: '–', events: 'blocked, bounced', reply: `failed ${status}`, queue: 'bounced', because };
}

/** The TLS could not be had: given up, and nobody hears of it. */
export function dropped(because: string): Fate {
  return { outcome: '–', events: 'blocked, dropped', reply: '–', queue: 'bounced', because };
}

/** There was TLS, and no REQUIRETLS behind it. */
export function unfit(): Fate {
  const because = 'the message was sent with REQUIRETLS, so that each host on its way has to promise TLS';
  return { outcome: '–', events: 'bounced', reply: 'failed 5.7.30', queue: 'bounced', because };
}

/** Nothing is wrong with it, and it could not go now. */
export function waits(because: string): Fate {
  return { outcome: '–', events: 'deferred', reply: '–', queue: 'waiting', because };
}

/** What is said of mail that went under an override: whose word it was, and what was reached. */
export function under(override: 'may' | 'encrypt' | 'authenticate' | '*', reached: string): string {
  const said = override === '*' ? '* says may' : `DOMAIN says ${override}`;
  return `an operator's override for ${said} until TIME: a scenario; ${reached}`;
}

/** What is said of a session that stood. */
export const PROVED = 'the certificate is valid for HOST, which proves HOST';
export const UNSIGNED = 'mx-not-secure: the certificate is valid for HOST, a name out of unsigned DNS';
export const INVALID = 'the certificate is not valid (';
export const EXPIRED = 'the certificate is not valid (CERT_HAS_EXPIRED)';
export const OTHER_NAME = 'the certificate names other.scene.test, not ';
export const MATCHED = "the server's public key is that of the TLSA record 3 1 1 ";
export const HALF = "mx-not-secure: the server's public key is that of the TLSA record 3 1 1 ";
export const IN_CLEAR = 'the peer does not offer STARTTLS';

/** And of one that did not come to be. */
export const NOT_OFFERED = 'HOST does not offer STARTTLS';
export const REFUSED = 'HOST offered STARTTLS and refused it: ';
export const BROKEN = 'the TLS handshake with HOST failed: ';
export const INJECTED = 'HOST (ADDRESS) sent plaintext between the go-ahead and the handshake: ';
export const MISMATCH = "HOST: the server's certificate matches none of its TLSA records, ";
export const UNLEARNT = 'the TLSA records at _25._tcp.HOST cannot be learnt: ';
export const UNLISTED = 'the MTA-STS policy of DOMAIN (enforce, id 1) does not list HOST';
export const NOT_NAMED = 'the policy list does not name HOST for DOMAIN';
