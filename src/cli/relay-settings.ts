/** From the configuration to what the relay is told. */
import { createHmac } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { isLoopback } from '../names/address.ts';
import type { Certificates } from '../net/certificates.ts';
import { defaultIncoming, type IncomingSettings, type KeyPair } from '../net/tls.ts';
import type { AuthenticationSettings } from '../relay/authentication/treatment.ts';
import { ownCertificate } from '../relay/certificate.ts';
import type { Identity } from '../relay/identity-check.ts';
import type { RelaySettings } from '../relay/settings.ts';
import { directoryOf } from './account-directory.ts';
import type { Config } from './config/config.ts';
import type { ConfigFiles } from './config/files.ts';

export function relaySettingsOf(
  {
    listeners,
    limits,
    relay,
    authentication,
    bounces: { addresses, delimiters, filter, suppress },
    domains: configuredDomains,
    inbound,
    inboundMemory,
    networkQuotas,
    accountDatabase,
  }: Config,
  { accounts, databasePassword, domains, dkim, forwarding, roots, verpSecret }: ConfigFiles,
  certificates: Certificates,
  lookUp: AuthenticationSettings['lookUp'],
): RelaySettings {
  return {
    listeners,
    certificates,
    limits,
    accounts,
    directory: accountDatabase === null ? null : directoryOf(accountDatabase, databasePassword, roots),
    domains,
    authentication: authenticationOf(authentication, configuredDomains, lookUp),
    inbound,
    inboundMemory,
    networkQuotas,
    dkim,
    forwarding: forwardingOf(forwarding),
    bounces: { addresses, delimiters, filter, suppress, key: verpKeyOf(verpSecret) },
    maxMessageBytes: relay.maxMessageBytes,
    maxRecipients: relay.maxRecipients,
    maxHops: relay.maxHops,
    demands: relay.demands,
    maxMessagesPerSession: limits.messagesPerSession,
    maxErrorsPerSession: limits.errorsPerSession,
    queue: {
      schedule: relay.schedule,
      holds: relay.holds,
      keepFinalMs: relay.keepFinalMs,
      connections: relay.connections,
      connectionsPerDestination: relay.connectionsPerDestination,
      connectionsPerHost: relay.connectionsPerHost,
      connectionsPerSecond: relay.connectionsPerSecond,
      messagesPerMinute: relay.messagesPerMinute,
    },
  };
}

function verpKeyOf(secret: ConfigFiles['verpSecret']): RelaySettings['bounces']['key'] {
  if (secret === null) return null;
  return { hash: (text) => createHmac('sha256', secret).update(text).digest() };
}

function forwardingOf(files: ConfigFiles['forwarding']): RelaySettings['forwarding'] {
  if (files === null) return null;
  const { domain, secret } = files;
  const hash = (text: string): string => createHmac('sha256', secret).update(text).digest('base64');
  return { srs: { domain, hash } };
}

function authenticationOf(
  authentication: Config['authentication'],
  domains: Config['domains'],
  lookUp: AuthenticationSettings['lookUp'],
): AuthenticationSettings | null {
  if (authentication === null) return null;
  const { actions } = authentication;
  const ofDomains = domains.flatMap(({ name, actions: { dmarc, spfHardFail } }) =>
    dmarc === null && spfHardFail === null
      ? []
      : [[name, { dmarc: dmarc ?? actions.dmarc, spfHardFail: spfHardFail ?? actions.spfHardFail }] as const],
  );
  return { ...authentication, ofDomains: new Map(ofDomains), lookUp };
}

/** What the listeners ask of handshakes. */
export function incomingSettingsOf({ clientRoots }: ConfigFiles): IncomingSettings {
  return { ...defaultIncoming, clientRoots };
}

/** The configured certificates, or the one that is made at the first start. */
export async function keyPairsOf(
  { hostname, dataFolder }: Config,
  { certificates }: ConfigFiles,
  now: number,
): Promise<readonly KeyPair[]> {
  if (certificates.length > 0) return certificates;
  return [await ownCertificate(dataFolder, hostname.kind === 'domain' ? [hostname.domain] : [], now)];
}

/** The names with which we introduce ourselves to the world; none where only this host can reach us. */
export function identitiesOf({ hostname, listeners, routes }: Config): readonly Identity[] {
  if (listeners.every(({ address }) => isLoopback(address))) return [];
  const own = ownAddresses();
  const identities = new Map<string, Identity>();
  for (const { hello, source } of [{ hello: hostname, source: null }, ...routes]) {
    const at = hello ?? hostname;
    if (at.kind === 'literal') continue;
    const addresses = source === null ? own : [source];
    identities.set(`${at.domain} ${source}`, { name: at.domain, addresses });
  }
  return [...identities.values()];
}

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap(
    (entries) => entries?.filter(({ internal }) => !internal).map(({ address }) => address) ?? [],
  );
}
