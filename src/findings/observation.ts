/**
 * What was seen of one endpoint, as plain data: nothing here is judged.
 *
 * It knows neither domain nor policy, so that all domains with the same mail host share it, and a recorded one can be judged
 * again. Octets of certificates are kept as they came.
 */
import type { Endpoint } from './endpoint.ts';
import type { HelloProbes } from './hello-seen.ts';

export interface Observation {
  readonly endpoint: Endpoint;
  /** Milliseconds since 1970: when the first connection was begun. */
  readonly at: number;
  /** Connections that were begun, for the budget. */
  readonly connections: number;
  /** The first connection: a client that looks, upgrades, looks again and takes its leave. */
  readonly base: Visit;
  /** Further connections, each for one question; undefined where the plan did not have it. */
  readonly probes: Probes;
}

/** One connection from its beginning to its end, as far as it came. */
export interface Visit {
  readonly connect: Connect;
  /** What was said: `C: …`, `S: …`, `== TLS …`; bounded, secrets left out. */
  readonly transcript: readonly string[];
  /** The first thing the server said; null where it said nothing, or where its protocol has it speak second. */
  readonly greeting: Greeting | null;
  /** Of SMTP, submission and LMTP; null for others. */
  readonly smtp: SmtpSeen | null;
  /** Of IMAP, POP3 and ManageSieve; null for others. */
  readonly mailbox: MailboxSeen | null;
  /** What is offered in clear, word for word (keyword lines of EHLO, capabilities, features); null where it was not learnt. */
  readonly clear: readonly string[] | null;
  readonly upgrade: Upgrade;
  /** The session that stands at the end of the handshake; null where there was none. */
  readonly tls: ObservedTls | null;
  /** What is offered inside TLS; null where it was not learnt. */
  readonly inside: readonly string[] | null;
  /** What the server does when STARTTLS is said a second time, inside TLS; null where it was not tried. */
  readonly again: AnswerSeen | null;
  readonly end: VisitEnd;
}

export type Connect =
  | { readonly kind: 'connected'; readonly ms: number }
  | {
      readonly kind: 'failed';
      /** `no-route`: this host itself cannot reach the network of that address, which says nothing about the target. */
      readonly how: 'refused' | 'timeout' | 'reset' | 'unreachable' | 'no-route' | 'other';
      readonly because: string;
      readonly ms: number;
    };

export interface Greeting {
  /** From the connection to the last octet of the greeting. */
  readonly ms: number;
  /** Printable, a line each. */
  readonly lines: readonly string[];
  /** Of SMTP, NNTP, FTP; null elsewhere. */
  readonly code: number | null;
}

/** An answer of the server, as evidence. */
export interface AnswerSeen {
  /** The code of SMTP, NNTP and FTP; null where the protocol has none. */
  readonly code: number | null;
  /** Whether the server says yes. */
  readonly positive: boolean;
  /** Printable, on one line. */
  readonly text: string;
}

export interface SmtpSeen {
  /** The answer to EHLO (LHLO) in clear, or inside implicit TLS. */
  readonly hello: AnswerSeen | null;
  /** The answer to HELO, where EHLO was refused for good. */
  readonly helo: AnswerSeen | null;
  /** The answer to EHLO inside TLS after STARTTLS. */
  readonly helloInside: AnswerSeen | null;
  /** The answer to MAIL FROM:<> in clear, which was taken back at once; null where it was not said. */
  readonly mailInClear: AnswerSeen | null;
}

export interface MailboxSeen {
  /** The greeting says that we are logged in already (IMAP PREAUTH). */
  readonly preauth: boolean;
  /** The answer to the beginning of a login in clear, with a name that is nobody's and no password; null: not tried. */
  readonly loginInClear: AnswerSeen | null;
}

/** What came of the way to TLS. */
export type Upgrade =
  /** TLS came first. */
  | { readonly kind: 'implicit' }
  /** It was not said, as the connection had ended, or the server is one where it cannot be said. */
  | { readonly kind: 'not-reached' }
  | { readonly kind: 'not-offered'; readonly because: string }
  /** Offered, and then refused: for now (454) or for good. */
  | { readonly kind: 'refused'; readonly answer: AnswerSeen }
  /** Something other than yes or no to STARTTLS. */
  | { readonly kind: 'bad-answer'; readonly because: string }
  /** Plaintext stood between the go-ahead and the handshake. */
  | { readonly kind: 'injected'; readonly because: string; readonly text: string }
  | {
      readonly kind: 'handshake-failed';
      readonly because: string;
      /** The alert that the server sent, as OpenSSL names it; null where there was none. */
      readonly alert: string | null;
      /** Whether the server closed without an octet to our hello; absent in older recordings. */
      readonly closed?: boolean;
      readonly ms: number;
    }
  /** From STARTTLS (or the connection, for implicit TLS) to the end of the handshake. */
  | { readonly kind: 'secured'; readonly ms: number };

/** The facts of one TLS session; what TlsFacts of wire/ has, by the same names. */
export interface ObservedTls {
  readonly version: string;
  readonly cipher: string;
  readonly group: string | null;
  /** DER, the server's own first. */
  readonly chain: readonly Uint8Array[];
  readonly path:
    | { readonly kind: 'trusted' }
    | { readonly kind: 'untrusted'; readonly code: string }
    | { readonly kind: 'absent' };
  readonly serverName: string | null;
  readonly alpn: string | null;
}

/** How the connection ended. */
export type VisitEnd =
  /** All was asked, and we said goodbye. */
  | { readonly kind: 'complete' }
  | {
      /**
       * `throttled`: too many of us, or too often (421, 4.7.x, 450 and 451 before anything was asked, "too many"). `blocked`:
       * not with us (554, 550 and 5.7.x before anything was asked). `refused`: any other no. None of them says anything
       * about TLS.
       */
      readonly kind: 'throttled' | 'blocked' | 'refused';
      readonly at: Step;
      readonly answer: AnswerSeen;
    }
  | { readonly kind: 'closed'; readonly at: Step }
  | { readonly kind: 'timeout'; readonly at: Step; readonly ms: number }
  /** It broke its protocol, or sent more than there may be. */
  | { readonly kind: 'broken'; readonly at: Step; readonly because: string }
  /** There was no connection. */
  | { readonly kind: 'not-connected' }
  /** It went on without TLS to its end, or ended at a handshake that failed. */
  | { readonly kind: 'without-tls' };

/** Where in a visit something happened. */
export type Step =
  | 'greeting'
  | 'hello'
  | 'starttls'
  | 'handshake'
  | 'inside'
  | 'again'
  | 'goodbye'
  /** A question of a probe. */
  | 'probe';

/** What a further connection came to; `not-tested` says why. */
export type Probed<Seen> =
  | ({ readonly kind: 'seen' } & Seen)
  | { readonly kind: 'not-tested'; readonly because: string; readonly end: VisitEnd };

/** Whose word it is that there is no handshake. */
export type BrokenOffBy =
  /** The server's, with the alert as OpenSSL names it. */
  | { readonly kind: 'alert'; readonly alert: string }
  /** The server's: it closed without an octet to our hello. */
  | { readonly kind: 'closed' }
  /** Ours, and it says nothing of what the server has: our TLS would not go on, or time was up. */
  | { readonly kind: 'own' };

/** One handshake more, with another hello. */
export type HandshakeSeen =
  | { readonly result: 'secured'; readonly tls: ObservedTls }
  /** The server took the connection and the upgrade, and no handshake came about. `by`: absent in older recordings. */
  | { readonly result: 'failed'; readonly because: string; readonly by?: BrokenOffBy }
  /** STARTTLS was not offered this time. */
  | { readonly result: 'not-offered' };

export interface Probes {
  /** What hellos of our own were answered with. */
  readonly hello?: HelloProbes;
  /** Only the other kind of key is acceptable: RSA where the base had ECDSA or Ed25519, ECDSA where it had RSA. */
  readonly otherKey?: Probed<{ readonly key: 'rsa' | 'ecdsa' } & HandshakeSeen>;
  /** Without SNI, where a hello of our own did not tell. */
  readonly noServerName?: Probed<HandshakeSeen>;
  /** TLS 1.0 and 1.1 only, and whatever suites this OpenSSL has: of older recordings, before there was `hello.old`. */
  readonly legacy?: Probed<HandshakeSeen>;
  /** TLS 1.2 at most, where a hello of our own did not tell which suite clients of today get. */
  readonly upToTls12?: Probed<HandshakeSeen>;
  /** Another name in EHLO: what is offered then. */
  readonly otherHello?: Probed<{ readonly helloName: string; readonly clear: readonly string[] }>;
  /** A second command in the same segment as STARTTLS. */
  readonly injection?: Probed<InjectionSeen>;
  /** Whether what was said before TLS still counts inside it. */
  readonly state?: Probed<StateSeen>;
  /** ALPN with a protocol that is not this one. */
  readonly alpn?: Probed<
    | { readonly offered: string; readonly agreed: string | null }
    /** `by`: absent in older recordings. */
    | { readonly refused: string; readonly by?: BrokenOffBy }
  >;
  /** Only with --intrusive: may anybody relay, look up mailboxes, end a message in a way of his own? */
  readonly intrusive?: IntrusiveSeen;
}

export interface InjectionSeen {
  /** `inside`: the command that was sent in clear was answered inside TLS. `clear`: it was answered in clear. */
  readonly answered: 'never' | 'clear' | 'inside';
  /** What was sent and what came, both sides. */
  readonly transcript: readonly string[];
}

export interface StateSeen {
  readonly kept: boolean;
  /** What was kept: "the transaction that MAIL had begun in clear". */
  readonly what: string;
  readonly transcript: readonly string[];
}

/** Answers of SMTP to what is asked only with the owner's consent. */
export interface IntrusiveSeen {
  readonly vrfy: AnswerSeen | null;
  readonly expn: AnswerSeen | null;
  /** The answer to RCPT for a mailbox in example.com, taken back at once; no message is ever sent. */
  readonly relay: AnswerSeen | null;
}
