/** What the operator has against senders and recipients beside the limits of clients, and what is remembered of them. */
import type { Envelope, Refusal, SmtpQuery } from '../protocols/smtp/server/session.ts';
import type { Accounts } from './accounts.ts';
import type { InboundMail, InboundMemory } from './inbound-memory.ts';
import { refusalByRules } from './inbound-tls.ts';
import { holdersOf, type QuotaHolder, type Quotas } from './quotas.ts';
import { refusalOfSender } from './senders.ts';
import type { ListenerSettings, RelaySettings } from './settings.ts';
import type { Visitor } from './visitor.ts';

export interface EnvelopeChecks {
  /** Asked at MAIL. */
  refusalOfSender(query: Extract<SmtpQuery, { kind: 'sender' }>): Refusal | undefined;
  /** Asked at RCPT, of one that exists or is elsewhere. */
  refusalOfRecipient(query: Extract<SmtpQuery, { kind: 'recipient' }>): Refusal | undefined;
  /** The content of a message is about to come. */
  note(envelope: Pick<Envelope, 'sender' | 'tls'>): void;
}

export interface CheckParts {
  readonly visitor: Pick<Visitor, 'client'>;
  readonly role: ListenerSettings['role'];
  readonly settings: Pick<RelaySettings, 'inbound' | 'inboundMemory' | 'networkQuotas'>;
  readonly accounts: Pick<Accounts, 'rightsOf'>;
  readonly quotas: Pick<Quotas, 'spend'>;
  readonly inboundMemory: Pick<InboundMemory, 'refusal' | 'note'>;
  /** Why nothing more is sent to this recipient. */
  readonly suppressed: (
    mail: Pick<Extract<SmtpQuery, { kind: 'recipient' }>, 'sender' | 'recipient'>,
  ) => Refusal | undefined;
  readonly onOddity: (what: string) => void;
}

/** For one session. */
export function envelopeChecks(parts: CheckParts): EnvelopeChecks {
  const { visitor, role, settings, accounts, quotas, inboundMemory, onOddity } = parts;
  /** Of others' servers; whoever is trusted is the operator's own. */
  const isInbound = (): boolean => role === 'mx' && !visitor.client.trusted;
  /** The TLS of a client behind a front is not seen, so that nothing can be remembered of it, nor expected. */
  const isSeen = (): boolean => isInbound() && !visitor.client.introduced;
  const mailOf = ({ sender, tls }: Pick<Envelope, 'sender' | 'tls'>): InboundMail => ({
    address: visitor.client.address,
    sender,
    overTls: tls !== undefined,
  });
  const holders = (account: string | null): readonly QuotaHolder[] => {
    const rights = account === null ? undefined : accounts.rightsOf(account);
    const own = account === null || rights === undefined ? undefined : { user: account, quota: rights.quota };
    return holdersOf(own, visitor.client.address, settings.networkQuotas);
  };
  return {
    refusalOfSender(query) {
      const { sender, account, tls } = query;
      const { introduced } = visitor.client;
      const ruled = isInbound() ? refusalByRules(settings.inbound, sender, { tls, introduced }) : undefined;
      const remembered = (): Refusal | undefined =>
        isSeen() ? inboundMemory.refusal(mailOf(query), settings.inboundMemory) : undefined;
      const inbound = ruled ?? remembered();
      if (inbound !== undefined) onOddity(`mail was sent away: ${inbound.text}`);
      const rights = account === null ? undefined : accounts.rightsOf(account);
      const unfit =
        account === null || rights === undefined
          ? undefined
          : refusalOfSender(account, rights.sender, sender);
      return inbound ?? unfit ?? quotas.spend('messages', holders(account));
    },
    refusalOfRecipient(query) {
      const suppressed = role === 'submission' ? parts.suppressed(query) : undefined;
      return suppressed ?? quotas.spend('recipients', holders(query.account));
    },
    note(envelope) {
      if (settings.inboundMemory === 'off' || !isSeen()) return;
      const row = inboundMemory.note(mailOf(envelope));
      if (row === undefined) return;
      const since = new Date(row.since).toISOString().slice(0, 10);
      onOddity(
        `mail of ${row.domain} came in clear; from this client it had always come over TLS, since ${since}`,
      );
    },
  };
}
