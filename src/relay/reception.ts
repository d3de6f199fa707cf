/** Receives clients: who may come in, under which rules, and who answers what their sessions ask. */
import { randomBytes } from 'node:crypto';
import { credentialExposed, type RelayEvent } from '../events/delivery-event.ts';
import { formatHostPort } from '../names/address.ts';
import { formatMailDomain, type MailDomain } from '../names/mailbox.ts';
import type { Accepted } from '../net/accept.ts';
import type { Admission, Pass } from '../net/admission.ts';
import type { Welcome } from '../net/listen.ts';
import { type BodySink, type Session, serverPatience } from '../net/server-session.ts';
import type { Route } from '../policies/overrides/route.ts';
import { formatReply } from '../protocols/smtp/reply.ts';
import {
  type Envelope,
  type Intake,
  initialState,
  MAX_LINE_BYTES,
  type SmtpWords,
  smtpSession,
} from '../protocols/smtp/server/session.ts';
import { type Accounts, type LoginDesk, openAccounts } from './accounts.ts';
import type { Submitter } from './arrival.ts';
import { type Callouts, startCallouts } from './callout.ts';
import { startBackendProbe } from './callout-probe.ts';
import { omitOwnFields, readDemands } from './demands.ts';
import { type LocalDomains, openDomains } from './domains.ts';
import { type IntakeParts, takeMessage } from './intake.ts';
import { isWithinOneOf } from './networks.ts';
import { answerQueries } from './queries.ts';
import { type Client, rulesFor } from './session-rules.ts';
import type { ListenerSettings, Outgoing, RelaySettings, World } from './settings.ts';
import { signing } from './sign.ts';
import type { Omission, Treatment } from './treatment.ts';

export interface ReceptionParts {
  readonly settings: RelaySettings;
  readonly outgoing: Outgoing;
  readonly intake: IntakeParts;
  readonly admission: Admission;
  readonly desk: LoginDesk;
  readonly world: World;
  readonly onEvents: (events: readonly RelayEvent[]) => void;
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
}

/** What one state of the configuration makes of incoming mail; a session stays with the one it began with. */
export interface Reception {
  welcome(accepted: Accepted, listener: ListenerSettings): Welcome<SmtpWords>;
  /** Opens the sink for one message, however it comes. */
  take(submitter: Submitter, envelope: Envelope): BodySink<Intake>;
  close(): Promise<void>;
}

const FAILURE_DELAY_MS = 1_000;
const NONCE_BYTES = 18;

export function openReception(parts: ReceptionParts): Reception {
  const { settings, outgoing, world } = parts;
  const { hostname, routes } = outgoing;
  const backend = startBackendProbe(outgoing, world.random);
  const house: House = {
    hostname,
    routes,
    settings,
    accounts: openAccounts(settings.accounts, parts.desk),
    domains: openDomains(settings.domains),
    callouts: startCallouts(backend.probe, world.now),
    signing: signing(settings.dkim, parts.onOddity),
  };
  return {
    welcome: (accepted, listener) => welcome(accepted, listener, house, parts),
    take: (submitter, envelope) => take(submitter, envelope, house, parts.intake),
    close: () => backend.close(),
  };
}

interface House {
  readonly hostname: MailDomain;
  readonly routes: readonly Route[];
  readonly settings: RelaySettings;
  readonly accounts: Accounts;
  readonly domains: LocalDomains;
  readonly callouts: Callouts;
  /** undefined: there are no keys. */
  readonly signing: Treatment | undefined;
}

function take(submitter: Submitter, envelope: Envelope, house: House, intake: IntakeParts): BodySink<Intake> {
  const { hostname, routes, settings } = house;
  const treatments: readonly Treatment[] = [
    readDemands(settings.demands),
    ...(house.signing === undefined ? [] : [house.signing]),
  ];
  const omissions: readonly Omission[] = [omitOwnFields];
  return takeMessage(
    intake,
    { hostname, routes, maxHops: settings.maxHops, treatments, omissions },
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
  const client: Client = { address, trusted: !anonymous && isWithinOneOf(listener.networks, address) };
  const pass = parts.admission.enter(address, { exempt: client.trusted });
  if (pass.kind === 'refused') {
    const text = `${formatMailDomain(house.hostname)} ${pass.text}`;
    return { kind: 'refused', line: formatReply(pass.code, pass.enhanced, text) };
  }
  const onOddity = (what: string): void =>
    parts.onOddity(what, { client: address, listener: formatHostPort(listener.address, localPort) });
  return {
    kind: 'session',
    session: sessionOf(client, pass, listener, house, parts, onOddity),
    onClosed: () => pass.leave(),
  };
}

function sessionOf(
  client: Client,
  pass: Pass,
  listener: ListenerSettings,
  house: House,
  { world, intake, onEvents }: ReceptionParts,
  onOddity: (what: string) => void,
): Session<SmtpWords> {
  const submitter: Submitter = {
    address: client.address,
    by: 'smtp',
    role: listener.role,
    requires: listener.requireTls || listener.tls === 'implicit' ? 'encrypt' : 'none',
    trusted: client.trusted,
  };
  return {
    reducer: smtpSession(rulesFor(listener, client, house)),
    initial: initialState,
    maxLineBytes: MAX_LINE_BYTES,
    bareLineEnding: listener.bareLineEnding,
    patience: house.settings.patience ?? serverPatience,
    openBody: (envelope) => take(submitter, envelope, house, intake),
    answer: answerQueries({
      ...house,
      client,
      pass,
      nonce: () => randomBytes(NONCE_BYTES).toString('base64'),
      failureDelayMs: FAILURE_DELAY_MS,
      onOddity,
    }),
    onNote: ({ user }) => {
      onEvents([credentialExposed(user, client.address, new Date(world.now()).toISOString())]);
    },
    onOddity,
  };
}
