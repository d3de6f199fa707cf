/** Receives clients: who may come in, under which rules, and who answers what their sessions ask. */
import { randomBytes } from 'node:crypto';
import { credentialExposed, type RelayEvent } from '../events/delivery-event.ts';
import { formatHostPort } from '../names/address.ts';
import { formatMailDomain, type MailDomain } from '../names/mailbox.ts';
import type { Accepted } from '../net/accept.ts';
import type { Admission } from '../net/admission.ts';
import type { Welcome } from '../net/listen.ts';
import { type BodySink, type Session, serverPatience } from '../net/server-session.ts';
import type { Route } from '../policies/overrides/route.ts';
import type { Rule } from '../policies/overrides/rule.ts';
import { formatReply } from '../protocols/smtp/reply.ts';
import {
  type Envelope,
  type Intake,
  initialState,
  MAX_LINE_BYTES,
  type SessionRules,
  type SmtpWords,
  smtpSession,
} from '../protocols/smtp/server/session.ts';
import { type Accounts, type LoginDesk, openAccounts } from './accounts.ts';
import type { Submitter } from './arrival.ts';
import { authentication, forgedFields } from './authentication/treatment.ts';
import { expansionNotice } from './bounce.ts';
import { openBounceAddresses } from './bounce-addresses.ts';
import { type Callouts, startCallouts } from './callout.ts';
import { startBackendProbe } from './callout-probe.ts';
import { omitOwnFields, readDemands } from './demands.ts';
import { openDirectory } from './directory.ts';
import type { LocalDomains } from './domains.ts';
import { type CheckParts, envelopeChecks } from './envelope-checks.ts';
import { openOwnDomains, redirecting } from './forward.ts';
import type { InboundMemory } from './inbound-memory.ts';
import { type IncomingNote, watchedSession } from './incoming-watch.ts';
import { type IntakeParts, type IntakeSettings, takeMessage } from './intake.ts';
import type { LoginLog, LoginPlace } from './login-log.ts';
import { answerQueries } from './queries.ts';
import type { Quotas } from './quotas.ts';
import { type RefusedRecipient, refusedRecipients } from './residence.ts';
import { readingReturned } from './returned.ts';
import { sealing } from './seal.ts';
import { headerSenders } from './senders.ts';
import { accountsOfSession } from './session-accounts.ts';
import { rulesFor } from './session-rules.ts';
import type { ListenerSettings, Outgoing, RelaySettings, World } from './settings.ts';
import { signing } from './sign.ts';
import type { Suppressions } from './suppression.ts';
import type { Omission, Treatment } from './treatment.ts';
import { varyingSenders } from './vary-senders.ts';
import { admit, type Visitor } from './visitor.ts';

export interface ReceptionParts {
  readonly settings: RelaySettings;
  readonly outgoing: Outgoing;
  readonly intake: IntakeParts;
  readonly admission: Admission;
  readonly desk: LoginDesk;
  readonly loginLog: LoginLog;
  readonly quotas: Quotas;
  readonly suppressions: Suppressions;
  readonly inboundMemory: InboundMemory;
  readonly world: World;
  readonly onEvents: (events: readonly RelayEvent[]) => void;
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
  /** What is counted of sessions; left out where nobody counts. */
  readonly onIncoming?: ((note: IncomingNote) => void) | undefined;
  /** An error of ours. */
  readonly onError: (what: string, error: unknown) => void;
}

/** What one state of the configuration makes of incoming mail; a session stays with the one it began with. */
export interface Reception {
  welcome(accepted: Accepted, listener: ListenerSettings): Welcome<SmtpWords>;
  /** Opens the sink for one message, however it comes. */
  take(submitter: Submitter, envelope: Envelope): BodySink<Intake>;
  /** Whom of the recipients nobody could write to over SMTP either, as they would be in our own domains and do not exist. */
  refusedOf(
    submitter: Submitter,
    envelope: Pick<Envelope, 'sender' | 'recipients'>,
  ): Promise<readonly RefusedRecipient[]>;
  close(): Promise<void>;
}

const FAILURE_DELAY_MS = 1_000;
const NONCE_BYTES = 18;

export function openReception(parts: ReceptionParts): Reception {
  const { settings, outgoing, world } = parts;
  const { hostname, routes } = outgoing;
  const backend = startBackendProbe(outgoing, world.random);
  const directory =
    settings.directory === null ? null : openDirectory(settings.directory, { ...world, ...parts });
  const accounts = openAccounts(settings.accounts, parts.desk, directory);
  const addresses = openBounceAddresses(settings.bounces, world.now);
  const domains = openOwnDomains(settings.domains, settings.forwarding, world.now, addresses);
  const takesBounces = settings.bounces.addresses.length > 0;
  const { suppress } = settings.bounces;
  const suppressed: House['suppressed'] = ({ sender, recipient }) =>
    suppress !== null && sender !== null && addresses.has(sender)
      ? parts.suppressions.refusal(recipient)
      : undefined;
  const house: House = {
    tellOfAliases: (message, aliases, head) => expansionNotice(message, aliases, head, outgoing),
    hostname,
    routes,
    settings,
    accounts,
    domains,
    callouts: startCallouts(backend.probe, world.now),
    authentication: settings.authentication === null ? [] : [authentication(settings.authentication, parts)],
    forged: settings.authentication === null ? [] : [forgedFields(settings.authentication)],
    suppressed,
    varying: outgoing.rules.filter(({ verp }) => verp === true),
    returned: takesBounces ? [readingReturned({ ...parts, addresses, suppress })] : [],
    redirecting: redirecting(settings.domains, domains, settings.forwarding, parts.onOddity, takesBounces),
    sealing: sealing(settings.dkim, settings.forwarding, settings.authentication?.authservId, parts.onOddity),
    signing: signing(settings.dkim, parts.onOddity),
    checksHeader: settings.directory !== null || settings.accounts.some(({ rights }) => rights.sender.header),
  };
  return {
    welcome: (accepted, listener) => welcome(accepted, listener, house, parts),
    take: (submitter, envelope) => take(submitter, envelope, house, parts.intake),
    async refusedOf({ address }, { sender, recipients }) {
      const onOddity = (what: string): void => parts.onOddity(what, { client: address });
      const mailboxes = recipients.map(({ mailbox }) => mailbox);
      const refused = await refusedRecipients({ sender, recipients: mailboxes }, address, {
        ...house,
        onOddity,
      });
      const others = mailboxes.flatMap((mailbox) => {
        const refusal = suppressed({ sender, recipient: mailbox });
        return refusal === undefined ? [] : [{ mailbox, refusal }];
      });
      return [...refused, ...others];
    },
    async close() {
      directory?.close();
      await backend.close();
    },
  };
}

interface House {
  readonly tellOfAliases: IntakeSettings['tellOfAliases'];
  readonly hostname: MailDomain;
  readonly routes: readonly Route[];
  readonly settings: RelaySettings;
  readonly accounts: Accounts;
  readonly domains: LocalDomains;
  readonly callouts: Callouts;
  /** The step that finds out who mail is from, and what is left out for it; empty where nobody asks. */
  readonly authentication: readonly Treatment[];
  readonly forged: readonly Omission[];
  /** Why bulk mail goes no more to a recipient. */
  readonly suppressed: CheckParts['suppressed'];
  /** Rules by which each copy of a message gets a sender of its own. */
  readonly varying: readonly Rule[];
  /** The step that reads what comes back to bounce addresses; empty where there are none. */
  readonly returned: readonly Treatment[];
  /** undefined: there are no aliases. */
  readonly redirecting: Treatment | undefined;
  /** undefined: there is nothing to vouch for, or no key. */
  readonly sealing: Treatment | undefined;
  /** undefined: there are no keys. */
  readonly signing: Treatment | undefined;
  /** Whether there may be an account whose header fields are looked at. */
  readonly checksHeader: boolean;
}

function take(submitter: Submitter, envelope: Envelope, house: House, intake: IntakeParts): BodySink<Intake> {
  const { hostname, routes, settings } = house;
  const treatments: readonly Treatment[] = [
    readDemands(settings.demands, (user) => house.accounts.rightsOf(user)?.tellOutcome === true),
    varyingSenders(settings.bounces, house.varying, (user) => house.accounts.rightsOf(user)),
    ...house.authentication,
    ...house.returned,
    ...(house.checksHeader ? [headerSenders((user) => house.accounts.rightsOf(user))] : []),
    ...(house.redirecting === undefined ? [] : [house.redirecting]),
    ...(house.sealing === undefined ? [] : [house.sealing]),
    ...(house.signing === undefined ? [] : [house.signing]),
  ];
  const omissions: readonly Omission[] = [omitOwnFields, ...house.forged];
  return takeMessage(
    intake,
    {
      hostname,
      routes,
      maxHops: settings.maxHops,
      treatments,
      omissions,
      reencodes: house.signing !== undefined,
      tellOfAliases: house.tellOfAliases,
    },
    submitter,
    envelope,
  );
}

function welcome(
  { remoteAddress: address, localPort, anonymous }: Accepted,
  listener: ListenerSettings,
  house: House,
  parts: ReceptionParts,
): Welcome<SmtpWords> {
  const visitor = admit(parts.admission, listener, { address, anonymous });
  if (visitor.kind === 'refused') {
    parts.onIncoming?.({ kind: 'turned-away', listener, reason: visitor.reason });
    const text = `${formatMailDomain(house.hostname)} ${visitor.text}`;
    return { kind: 'refused', line: formatReply(visitor.code, visitor.enhanced, text) };
  }
  const place = (): LoginPlace => ({
    client: visitor.client.address,
    listener: formatHostPort(listener.address, localPort),
  });
  const session = sessionOf(visitor, listener, house, parts, place);
  const { onIncoming } = parts;
  if (onIncoming === undefined) return { kind: 'session', session, onClosed: () => visitor.leave() };
  const { reducer, tls } = watchedSession(session.reducer, (status) =>
    onIncoming({ kind: 'refused', listener, status }),
  );
  return {
    kind: 'session',
    session: { ...session, reducer },
    onClosed() {
      visitor.leave();
      onIncoming({ kind: 'session', listener, tls: tls() });
    },
  };
}

function sessionOf(
  visitor: Visitor,
  listener: ListenerSettings,
  house: House,
  parts: ReceptionParts,
  place: () => LoginPlace,
): Session<SmtpWords> {
  const accounts = accountsOfSession(house.accounts);
  const { world, intake, onEvents } = parts;
  const onOddity = (what: string): void => parts.onOddity(what, { ...place() });
  const submitter = (): Submitter => ({
    address: visitor.client.address,
    by: 'smtp',
    role: listener.role,
    requires: listener.requireTls || listener.tls === 'implicit' ? 'encrypt' : 'none',
    trusted: visitor.client.trusted,
    anonymous: !visitor.client.known,
  });
  const rules = (): SessionRules => rulesFor(listener, visitor.client, house);
  const { quotas, inboundMemory } = parts;
  const checks = envelopeChecks({
    ...house,
    accounts,
    role: listener.role,
    visitor,
    quotas,
    inboundMemory,
    onOddity,
  });
  return {
    reducer: smtpSession(rules()),
    initial: initialState,
    maxLineBytes: MAX_LINE_BYTES,
    bareLineEnding: listener.bareLineEnding,
    patience: house.settings.patience ?? serverPatience,
    openBody: (envelope) => {
      checks.note(envelope);
      return take(submitter(), envelope, { ...house, accounts }, intake);
    },
    answer: answerQueries({
      ...house,
      ...checks,
      accounts,
      visitor,
      rules,
      frontLogins: listener.frontLogins,
      nonce: () => randomBytes(NONCE_BYTES).toString('base64'),
      failureDelayMs: FAILURE_DELAY_MS,
      onLoginFailed: (login, lockedUntil) => parts.loginLog.failed(login, lockedUntil, place()),
      onOddity,
    }),
    onNote: ({ user }) => {
      onEvents([credentialExposed(user, visitor.client.address, new Date(world.now()).toISOString())]);
    },
    onOddity,
  };
}
