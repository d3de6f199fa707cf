/** What an SMTP server is told, what a session of it knows, and what it says to whoever runs it. */
import type { Mailbox, MailDomain } from '../../../names/mailbox.ts';
import type { RecipientWishes, SenderWishes } from '../../../names/wishes.ts';
import type { SessionEffect, SessionInput, Step } from '../../../wire/session.ts';
import type { TlsFacts } from '../../../wire/tls-facts.ts';
import type { SaslMechanism } from '../../sasl/mechanisms.ts';
import type { ClientFirst, ScramExchange, ScramVerifier } from '../../sasl/scram.ts';

/** EXTERNAL (RFC 4422 appendix A): the client is who the certificate of its TLS session says. */
export type ServerMechanism = SaslMechanism | 'EXTERNAL';

export interface SessionRules {
  /** For the wording of the greeting and of refusals. */
  readonly role: 'submission' | 'mx';
  /** Our name, in the greeting and in EHLO. */
  readonly hostname: string;
  /** The domain of a bare `<postmaster>`. */
  readonly postmasterDomain: MailDomain;
  readonly startTls: 'offered' | 'absent';
  /** 530 for everything but NOOP, EHLO, STARTTLS, QUIT until TLS is up; never on a public port 25 (RFC 3207 §4). */
  readonly tls: 'required' | 'optional';
  /** Offered inside TLS and nowhere else, EXTERNAL to clients with a certificate only; empty: there is no AUTH here. */
  readonly mechanisms: readonly ServerMechanism[];
  /** REQUIRETLS (RFC 8689): offered inside TLS and nowhere else. */
  readonly requireTls: 'offered' | 'absent';
  /** Whether the client may say for whom it speaks (XCLIENT). */
  readonly xclient: boolean;
  /** Who may send mail from here; `accounts`: whoever has logged in. */
  readonly relaying:
    | { readonly kind: 'anyone' }
    | { readonly kind: 'accounts' }
    | { readonly kind: 'denied'; readonly because: string };
  /** XVERP, as Postfix has it; absent: it is not offered. */
  readonly verp?: VerpOffer;
  /** Which addresses become queries; the others are taken as they come. */
  readonly asks: { readonly sender: boolean; readonly recipient: boolean };
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  /** Transactions of one connection; the one too many gets 421. */
  readonly maxMessages: number;
  /** After so many errors the connection ends. */
  readonly maxErrors: number;
}

interface VerpOffer {
  /** Where the client names none: two characters. */
  readonly delimiters: string;
  /** Every character that a client may name. */
  readonly filter: string;
}

/** What a session knows; re-created, not cleared, at STARTTLS. */
export interface SmtpState {
  readonly phase: Phase;
  readonly tls: TlsFacts | undefined;
  readonly hello: { readonly name: string; readonly extended: boolean } | undefined;
  /** The user who logged in. */
  readonly account: string | null;
  /** For whom a front speaks; undefined: for itself. */
  readonly introduced: Introduced | undefined;
  /** Whether anything but XCLIENT was said since then: it may be the client's own word, which the front hands through. */
  readonly spoken: boolean;
  /** Those of the client for whom it speaks; undefined: those that the session began with. */
  readonly rules: SessionRules | undefined;
  readonly transaction: PendingMail | undefined;
  /** Transactions so far. */
  readonly messages: number;
  readonly errors: number;
  /** Commands since the last message that brought none nearer. */
  readonly chatter: number;
}

/** Who a client is by the word of a front (XCLIENT). */
export interface Introduced {
  /** null: the front does not know. */
  readonly address: string | null;
  /** Its name in EHLO or HELO; null: not known. */
  readonly hello: string | null;
  readonly extended: boolean;
  /** Who has logged in at the front; null: nobody. */
  readonly login: string | null;
}

/** What the session does or waits for; commands run in `open` only. */
type Phase =
  | { readonly kind: 'open' }
  | { readonly kind: 'starting-tls' }
  /** Content is coming in; `last`: all that is left of it. */
  | { readonly kind: 'taking'; readonly last: boolean }
  /** Octets of a chunk that nobody wants are coming in. */
  | { readonly kind: 'skipping'; readonly refusal: Refusal; readonly counts: 'mistake' | 'chatter' }
  /** The next line is the client's answer to a challenge (RFC 4954 §4). */
  | { readonly kind: 'challenged'; readonly exchange: LoginExchange }
  | { readonly kind: 'asking'; readonly about: Asked }
  | { readonly kind: 'closed' };

/** Where a login stands; the secret itself is never kept. */
export type LoginExchange =
  | { readonly mechanism: 'EXTERNAL' }
  | { readonly mechanism: 'PLAIN' }
  | { readonly mechanism: 'LOGIN'; readonly user: string | undefined }
  | { readonly mechanism: 'SCRAM-SHA-256'; readonly at: 'first' }
  | {
      readonly mechanism: 'SCRAM-SHA-256';
      readonly at: 'final';
      readonly user: string;
      readonly known: boolean;
      readonly scram: ScramExchange;
    }
  /** The server's signature is out; the client's empty line ends the exchange. */
  | { readonly mechanism: 'SCRAM-SHA-256'; readonly at: 'end'; readonly user: string };

/** What is to be done with the answer that is waited for. */
export type Asked =
  | { readonly kind: 'login'; readonly user: string }
  | { readonly kind: 'external' }
  | { readonly kind: 'introduced'; readonly client: Introduced }
  | { readonly kind: 'verifier'; readonly first: ClientFirst }
  | { readonly kind: 'proved'; readonly user: string; readonly serverFinal: string | undefined }
  | { readonly kind: 'sender'; readonly transaction: PendingMail }
  | { readonly kind: 'recipient'; readonly recipient: EnvelopeRecipient };

export interface PendingMail {
  readonly sender: Mailbox | null;
  readonly smtpUtf8: boolean;
  readonly requireTls: boolean;
  readonly wishes: SenderWishes;
  readonly verp?: string;
  readonly recipients: readonly EnvelopeRecipient[];
  /** How much came by BDAT; undefined before the first chunk. */
  readonly chunks: { readonly octets: number; readonly failed: boolean } | undefined;
}

export interface EnvelopeRecipient {
  readonly mailbox: Mailbox;
  readonly wishes: RecipientWishes;
}

/** The message whose content is to be taken. */
export interface Envelope {
  readonly hello: string;
  readonly extended: boolean;
  readonly tls: TlsFacts | undefined;
  /** The user of the login in this session. */
  readonly account: string | null;
  readonly sender: Mailbox | null;
  /** Whether SMTPUTF8 was given with MAIL (RFC 6531 §3.4). */
  readonly smtpUtf8: boolean;
  /** Whether REQUIRETLS was given with MAIL (RFC 8689 §4.1). */
  readonly requireTls: boolean;
  readonly wishes: SenderWishes;
  /** The two delimiters with which each recipient's copy names him in its sender, empty: the usual ones; absent: none does. */
  readonly verp?: string;
  readonly recipients: readonly EnvelopeRecipient[];
}

/** What became of it. */
export type Intake =
  | { readonly kind: 'kept'; readonly id: string }
  | ({ readonly kind: 'refused' } & Refusal);

/** A reply that says no. */
export interface Refusal {
  readonly code: number;
  readonly enhanced: string;
  readonly text: string;
}

/** What the session asks of whoever runs it. */
export type SmtpQuery =
  | {
      readonly kind: 'login';
      readonly mechanism: 'PLAIN' | 'LOGIN';
      readonly user: string;
      readonly password: string;
    }
  /** Whose certificate the client has shown; `actAs`: the user that it wants to be, empty: whoever it is. */
  | { readonly kind: 'external'; readonly actAs: string; readonly tls: TlsFacts }
  /** A front says for whom it speaks. */
  | { readonly kind: 'introduced'; readonly client: Introduced }
  /** SCRAM begins: what is stored for the user, and a fresh nonce. */
  | { readonly kind: 'verifier'; readonly user: string }
  /** SCRAM ended, so that failures can be counted. */
  | { readonly kind: 'proved'; readonly user: string; readonly outcome: 'yes' | 'no' }
  | {
      readonly kind: 'sender';
      readonly sender: Mailbox | null;
      readonly account: string | null;
      readonly tls: TlsFacts | undefined;
      /** As declared (RFC 1870). */
      readonly size: number | undefined;
    }
  | {
      readonly kind: 'recipient';
      readonly recipient: Mailbox;
      readonly sender: Mailbox | null;
      readonly account: string | null;
    };

/** A `no` with code 421 also ends the session. */
export type SmtpAnswer =
  | { readonly kind: 'yes' }
  | ({ readonly kind: 'no' } & Refusal)
  /** Who the certificate proves. */
  | { readonly kind: 'account'; readonly account: string }
  /** The rules of whom the front speaks for, and as whom he is logged in. */
  | { readonly kind: 'introduced'; readonly rules: SessionRules; readonly account: string | null }
  /** `nonce`: printable ASCII without a comma. An unknown user has a made-up verifier, always the same one. */
  | {
      readonly kind: 'verifier';
      readonly verifier: ScramVerifier;
      readonly known: boolean;
      readonly nonce: string;
    };

/** A login was begun in clear; what could be read of it, the secret never. */
export interface SmtpNote {
  readonly kind: 'credential-exposed';
  readonly user: string | null;
  readonly mechanism: string | null;
}

/** The words of SMTP sessions. */
export interface SmtpWords {
  readonly state: SmtpState;
  readonly envelope: Envelope;
  readonly intake: Intake;
  readonly query: SmtpQuery;
  readonly answer: SmtpAnswer;
  readonly note: SmtpNote;
}

export type SmtpInput = SessionInput<SmtpWords>;
export type SmtpEffect = SessionEffect<SmtpWords>;
export type SmtpStep = Step<SmtpWords>;

export const initialState: SmtpState = {
  phase: { kind: 'open' },
  tls: undefined,
  hello: undefined,
  account: null,
  introduced: undefined,
  spoken: false,
  rules: undefined,
  transaction: undefined,
  messages: 0,
  errors: 0,
  chatter: 0,
};
