/** What an operator may not have meant. */
import { isLoopback } from '../../names/address.ts';
import { quote } from '../../names/domain.ts';
import type { Mailbox, MailDomain } from '../../names/mailbox.ts';
import { overshadowedBy } from '../../net/certificates.ts';
import type { KeyPair } from '../../net/tls.ts';
import type { Rule } from '../../policies/overrides/rule.ts';
import { type LocalDomain, openDomains } from '../../relay/domains.ts';
import type { PasswordHash } from '../../relay/password.ts';
import type { Config, ConfiguredCertificate, GatewayConfig, Listener } from './config.ts';
import { formatPattern, isLoopbackNetwork, patternsAround } from './values.ts';

/** @param systemName what the system calls this host, where the hostname was taken from there. */
export function warningsOf(config: Config, systemName: string | undefined): readonly string[] {
  return [
    ...(systemName === undefined ? [] : warnAboutHostname(systemName, config.hostname)),
    ...config.listeners.flatMap((listener, index) => warnAboutListener(listener, index, config)),
    ...config.accounts.flatMap(({ user, hash }, index) =>
      hash?.kind === 'here' ? warnAboutHash(`account[${index}].password_hash`, user, hash.value) : [],
    ),
    ...warnAboutDomains(config),
    ...warnAboutRoutes(config),
    ...warnAboutLevel(config),
    ...warnAboutDns(config),
    ...config.gateways.flatMap((gateway, index) => warnAboutGateway(gateway, `gateway[${index}]`)),
    ...warnAboutAdvisor(config),
  ];
}

function warnAboutHostname(name: string, hostname: MailDomain): readonly string[] {
  if (hostname.kind === 'literal') {
    return [`hostname: the system calls this host ${quote(name)}, which is not a domain; set hostname`];
  }
  if (hostname.domain.includes('.')) return [];
  return [`hostname: ${hostname.domain} is not fully qualified, and others may refuse it; set hostname`];
}

function warnAboutListener(
  listener: Listener,
  index: number,
  { accounts, accountsFile, accountDatabase }: Config,
): readonly string[] {
  const path = `listener[${index}]`;
  if (isLoopback(listener.address)) return [];
  const warnings: string[] = [];
  if (!listener.requireTls && listener.role === 'submission') {
    warnings.push(`${path}.require_tls: mail may come over the network to ${listener.address} in clear`);
  }
  const takesOthers =
    listener.role === 'mx' || accounts.length > 0 || accountsFile !== null || accountDatabase !== null;
  if (!takesOthers && listener.networks.every(isLoopbackNetwork)) {
    warnings.push(`${path}.networks: only this host may relay, yet ${listener.address} is open to others`);
  }
  if (listener.networks.some(({ prefix }) => prefix === 0)) {
    warnings.push(`${path}.networks: everyone may relay; such a host is soon used for spam`);
  }
  return warnings;
}

/** @param pairs what the files of `certificates` hold. */
export function warnAboutCertificates(
  certificates: readonly ConfiguredCertificate[],
  pairs: readonly KeyPair[],
): readonly string[] {
  return overshadowedBy(pairs).map(({ pair, shown, names }) => {
    const { path, certFile } = certificates[pair] ?? {};
    const first = certificates[shown]?.certFile;
    return `${path}.cert: ${certFile} is never shown for ${names.join(', ')}: ${first} has that too and stands before it`;
  });
}

/** Old parameters let whoever steals the file try many passwords a second. */
export function warnAboutHash(path: string, user: string, hash: PasswordHash): readonly string[] {
  return isWeak(hash)
    ? [`${path}: the hash of ${quote(user)} is quick to break; make a new one with waxwing config hash`]
    : [];
}

/** @param submitters all that mail can be submitted as. */
export function warnAboutRules(rules: readonly Rule[], submitters: ReadonlySet<string>): readonly string[] {
  return rules.flatMap(({ account }, index) =>
    account === null || submitters.has(account)
      ? []
      : [
          `rule[${index}].account: the rule is never used: there is no [[account]], no user in accounts.file and no [[api_key]] called ${quote(account)}`,
        ],
  );
}

/** What comes back to an address that its own domain refuses is read by nobody. */
export function warnAboutBounces(
  addresses: readonly Mailbox[],
  domains: readonly LocalDomain[],
): readonly string[] {
  const known = openDomains(domains);
  return addresses.flatMap((address, index) =>
    known.residence(address).kind === 'unknown'
      ? [
          `bounces.addresses[${index}]: ${address.text} is no recipient of its [[domain]]: what comes back to it is refused, and never counted`,
        ]
      : [],
  );
}

/** What TLS protects up to the gateway, nobody protects behind it. */
export function warnAboutGateway({ mode, backend }: GatewayConfig, path: string): readonly string[] {
  if (mode.kind === 'reverse' || backend.kind === 'unix' || backend.host.kind === 'name') return [];
  const { address } = backend.host;
  return isLoopback(address)
    ? []
    : [`${path}.backend: what clients say goes on to ${address} in clear, logins too`];
}

/** Nothing there proves who answers, or who asks. */
function warnAboutAdvisor({ advisor }: Config): readonly string[] {
  return advisor.listeners.flatMap(({ place }, index) =>
    place.kind === 'file' || isLoopback(place.address)
      ? []
      : [
          `advisor.listener[${index}].address: whoever stands between ${place.address} and who asks can say that no TLS is needed; a socket or this host is safe`,
        ],
  );
}

/** Below about half of what OWASP's cheat sheet on password storage asks for; SCRAM-SHA-256 is PBKDF2. */
function isWeak(hash: PasswordHash): boolean {
  switch (hash.kind) {
    case 'argon2':
      return hash.memory < 7 * 1024 || hash.memory * hash.passes < 32 * 1024;
    case 'scrypt':
      return 2 ** hash.logCost * hash.blockSize * hash.parallelism < 2 ** 19;
    case 'sha512-crypt':
    case 'ssha512':
      return true;
    case 'scram':
      return hash.verifier.iterations < 10_000;
  }
}

function warnAboutDomains({ domains, listeners, relay }: Config): readonly string[] {
  if (domains.length === 0) return [];
  const unused = domains.flatMap(({ names, tls }, index) =>
    names.length > 0 && (tls ?? relay.tls) !== 'authenticate'
      ? [`domain[${index}].names: is not used, the TLS level is ${tls ?? relay.tls}`]
      : [],
  );
  return listeners.some(({ role }) => role === 'mx')
    ? unused
    : ['domain: nobody else can send mail to these: there is no listener with role = "mx"', ...unused];
}

function warnAboutRoutes({ routes, domains, relay }: Config): readonly string[] {
  const warnings: string[] = [];
  const seen = new Map(domains.map(({ name }, index) => [name as string, `domain[${index}]`]));
  for (const [index, route] of routes.entries()) {
    const path = `route[${index}]`;
    const earlier = patternsAround(route.match).find((text) => seen.has(text));
    if (earlier !== undefined) {
      warnings.push(`${path}: is never used, ${seen.get(earlier)} matches everything that it does`);
    }
    seen.set(formatPattern(route.match), path);
    const level = route.tls ?? relay.tls;
    if (route.names.length > 0 && level !== 'authenticate') {
      warnings.push(`${path}.names: is not used, the TLS level is ${level}`);
    }
    if (
      level === 'authenticate' &&
      route.to === null &&
      route.names.length === 0 &&
      route.match.kind !== 'below'
    ) {
      warnings.push(`${path}: ${HOLDS_ALMOST_ALL}; give it names, or to`);
    }
  }
  return warnings;
}

/** MX names out of unsigned DNS prove nothing, so the certificate would have to name the domain itself. */
const HOLDS_ALMOST_ALL =
  'tls = "authenticate" by MX holds almost all mail, as hardly a certificate names the recipient\'s domain';

function warnAboutLevel({ relay, routes }: Config): readonly string[] {
  if (relay.tls !== 'authenticate' || routes.some(({ match }) => match.kind === 'any')) return [];
  return [`relay.tls: ${HOLDS_ALMOST_ALL}; say "encrypt", and "authenticate" in routes with names or to`];
}

function warnAboutDns({ dns: { resolvers, dnssec, trusted, anchorFile, sha1 } }: Config): readonly string[] {
  const unused = `is not used, dns.dnssec is "${dnssec}"`;
  const warnings: string[] = [];
  if (dnssec !== 'validate' && anchorFile !== null) warnings.push(`dns.trust_anchor: ${unused}`);
  if (dnssec !== 'validate' && !sha1) warnings.push(`dns.sha1: ${unused}`);
  if (trusted && dnssec !== 'trust') warnings.push(`dns.trusted: ${unused}`);
  if (trusted && resolvers.length === 0) {
    warnings.push('dns.trusted: is said of resolvers that dns.resolver names; it names none');
  }
  return warnings;
}
