/** What a protocol sounds like around its upgrade, from both sides: all that toys, twins and attacks have to know. */

/** Every protocol that has an engine here, in the order of the table. */
export const protocols = [
  'smtp',
  'lmtp',
  'imap',
  'pop3',
  'sieve',
  'ldap',
  'nntp',
  'ftp',
  'xmpp',
  'xmpp-server',
  'postgres',
  'mysql',
] as const;

export type Protocol = (typeof protocols)[number];

/** What nobody on the path may see: part of each login, the same octets in each protocol (base64, for SASL). */
export const SECRET = 'AHdheABzZWNyZXR3b3Jk';

/** What an attacker puts in, and nobody may believe. */
export const EVIL = 'EVILWORD';

/** What a server offers at the moment. */
export interface Offers {
  /** `masked`: a firewall has written over it. */
  readonly startTls: 'offered' | 'absent' | 'masked';
  /** One more word among the offers; empty where there is none. */
  readonly extra: string;
}

/** What an answer is the answer to. */
export type Asked = 'greeting' | 'offers' | 'goAhead' | 'login';

/** Octets are latin1 text, also where the protocol has no lines. */
export interface Dialect {
  readonly protocol: Protocol;
  /** What the server says first; empty where the client speaks first. */
  readonly greeting: (offers: Offers) => string;
  /** Whether the server says its greeting again inside TLS (RFC 5804 §2.2). */
  readonly greetsInside: boolean;
  /** How a client asks for what is offered, and again inside TLS; null where nothing is asked. */
  readonly ask: string | null;
  readonly askInside: string | null;
  /** How a client asks for TLS. */
  readonly upgrade: string;
  readonly isUpgrade: (request: string) => boolean;
  readonly goAhead: string;
  /** Positive, and not what the RFC names; null where there is nothing of the kind. */
  readonly wrongGoAhead: string | null;
  /** A no to the upgrade, in words that the server chooses where there is room for them; null where nothing answers. */
  readonly refusal: ((words: string) => string) | null;
  /** Whether it holds the words. */
  readonly refusalHasWords: boolean;
  /** A login by its first words, {@link SECRET} in it; in clear, and inside TLS behind the upgrade. */
  readonly login: string;
  readonly loginInside: string;
  /** The same as a plain client says it that has asked for nothing, all in one. */
  readonly loginOfPlainClient: string;
  /** What a server answers to everything but the upgrade. */
  readonly answer: (request: string, offers: Offers) => string;
  /** Words of an attacker that look like the next answer inside TLS, {@link EVIL} in them. */
  readonly bait: string;
  /** A beginning of an answer, {@link EVIL} in it, which what the server says next would complete. */
  readonly fragment: string;
  /** A request that can be told from all others by a word in it. */
  readonly probe: (word: string) => string;
  /** Octets of the whole request that comes first, undefined where it is not whole. */
  readonly requestEnds: (unread: string) => number | undefined;
  /** The same of an answer. */
  readonly answerEnds: (unread: string, to: Asked) => number | undefined;
  readonly isPositive: (answer: string, to: Asked) => boolean;
  readonly offersStartTls: (answer: string) => boolean;
}

export const honest: Offers = { startTls: 'offered', extra: '' };
export const inside: Offers = { startTls: 'absent', extra: '' };

/** Where the first match of a pattern ends. */
export function endOf(pattern: RegExp, text: string): number | undefined {
  const found = pattern.exec(text);
  return found === null ? undefined : found.index + found[0].length;
}
