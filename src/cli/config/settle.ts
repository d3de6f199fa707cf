/** Settles what depends on the host or on other values, and says what an operator may not have meant. */
import { isAbsolute, join } from 'node:path';
import { parseDomain } from '../../names/domain.ts';
import { formatMailDomain, type MailDomain } from '../../names/mailbox.ts';
import type { Upstream } from '../../net/dns/upstream.ts';
import { isThisHost, type RouteTarget } from '../../policies/overrides/route.ts';
import type { TlsLevel } from '../../policies/words.ts';
import type {
  AccountDatabaseConfig,
  AuthenticationConfig,
  Config,
  ConfiguredCertificate,
  DnsConfig,
  DomainConfig,
  EventTarget,
  RecipientsConfig,
  RouteConfig,
  Source,
  WebhookConfig,
} from './config.ts';
import type { ParsedConfig } from './schema.ts';
import { settledInAdvisor, toAdvisor } from './settle-advisor.ts';
import { settledInGateway, toGateway } from './settle-gateway.ts';
import { listSourceText, toList } from './settle-list.ts';
import { toLimits, toRelay } from './settle-relay.ts';
import { toBounces, toForwarding } from './settle-senders.ts';
import type { Environment, Sources } from './sources.ts';
import { formatNetwork } from './values.ts';
import { warningsOf } from './warnings.ts';

/** What defaults depend on. */
export interface HostFacts {
  readonly hostname: string;
  readonly isRoot: boolean;
  readonly home: string;
  /** Read where neither a flag nor the environment names a file. */
  readonly systemFile: string;
  /** Those that the system is set to use. */
  readonly resolvers: readonly Upstream[];
}

export interface Settled {
  readonly config: Config;
  /** What was settled here, by path, as the operator would write it. */
  readonly settled: ReadonlyMap<string, unknown>;
  readonly warnings: readonly string[];
}

/** Makes the configuration in force out of checked values. */
export function settle(parsed: ParsedConfig, sources: Sources, env: Environment, host: HostFacts): Settled {
  const hostname = parsed.hostname ?? defaultHostname(host.hostname);
  const dataFolder =
    parsed.data === undefined ? defaultDataFolder(env, host) : sources.absolute('data', parsed.data);
  const eventFile = eventFileOf(parsed.events.file, dataFolder, sources);
  const postfixFile = postfixFileOf(parsed.events.postfix_log, sources);
  const config: Config = {
    hostname,
    dataFolder,
    user: parsed.user ?? null,
    workers: parsed.workers,
    certificates: certificatesOf(parsed, sources),
    caFile: parsed.tls.ca === undefined ? null : sources.absolute('tls.ca', parsed.tls.ca),
    clientCaFile:
      parsed.tls.client_ca === undefined ? null : sources.absolute('tls.client_ca', parsed.tls.client_ca),
    dns: toDns(parsed.dns, sources),
    mtaSts: {
      httpsPort: parsed.mta_sts.https_port,
      httpsAddress: parsed.mta_sts.https_address ?? null,
    },
    list: toList(parsed.list, sources),
    check: {
      hello: parsed.check.hello ?? hostname,
      optOutFile:
        parsed.check.opt_out === undefined ? null : sources.absolute('check.opt_out', parsed.check.opt_out),
    },
    listeners: parsed.listener,
    accounts: parsed.account.map((account, index) => ({
      ...account,
      hash:
        account.hash === null ? null : located(account.hash, `account[${index}].password_hash_file`, sources),
    })),
    accountsFile:
      parsed.accounts === null
        ? null
        : { ...parsed.accounts, file: sources.absolute('accounts.file', parsed.accounts.file) },
    accountDatabase: toAccountDatabase(parsed.account_database, sources),
    networkQuotas: parsed.quota,
    inbound: parsed.inbound,
    inboundMemory: parsed.inbound_memory.mode,
    memory: parsed.memory,
    reportOnly: parsed.report_only,
    domains: parsed.domain.map((domain, index) =>
      toDomain(domain, `domain[${index}]`, parsed.relay.tls, sources),
    ),
    authentication: toAuthentication(parsed.authentication, hostname),
    routes: parsed.route.map((route, index) => toRoute(route, `route[${index}]`, parsed.relay.tls, sources)),
    rules: parsed.rule,
    dkim: parsed.dkim.map(({ key, ...one }, index) => ({
      ...one,
      keyFile: sources.absolute(`dkim[${index}].key`, key),
    })),
    forwarding: toForwarding(parsed.forwarding, sources),
    bounces: toBounces(parsed.bounces, sources),
    relay: toRelay(parsed.relay),
    limits: toLimits(parsed.limits),
    gateways: parsed.gateway.map((gateway, index) => toGateway(gateway, `gateway[${index}]`, sources)),
    advisor: toAdvisor(parsed.advisor, sources),
    api: {
      places: parsed.api.listen,
      keys: parsed.api_key.map(({ hash, ...key }, index) => ({
        ...key,
        hash: located(hash, `api_key[${index}].key_hash_file`, sources),
      })),
    },
    metrics: parsed.metrics.listen ?? null,
    tlsRpt: toTlsRpt(parsed.tls_rpt, sources),
    spool:
      parsed.sendmail.spool === undefined
        ? join(dataFolder, 'spool')
        : sources.absolute('sendmail.spool', parsed.sendmail.spool),
    events: {
      log: toEventTarget(eventFile, 'stdout', parsed.events),
      postfixLog: postfixFile === null ? null : toEventTarget(postfixFile, 'stderr', parsed.events),
    },
    webhooks: parsed.webhook.map((webhook, index) => toWebhook(webhook, `webhook[${index}]`, sources)),
  };
  const settled = new Map<string, unknown>([
    ['hostname', formatMailDomain(hostname)],
    ['data', dataFolder],
    ['tls.ca', config.caFile],
    ['tls.client_ca', config.clientCaFile],
    ['accounts.file', config.accountsFile?.file ?? null],
    ['account_database.password_file', passwordFileOf(config.accountDatabase)],
    ['dns.trust_anchor', config.dns.anchorFile],
    ['authentication.authserv_id', config.authentication?.authservId ?? formatMailDomain(hostname)],
    ['mta_sts.https_address', config.mtaSts.httpsAddress],
    ['list.source', listSourceText(config.list)],
    ['check.hello', formatMailDomain(config.check.hello)],
    ['check.opt_out', config.check.optOutFile],
    ['forwarding.srs_domain', config.forwarding?.srsDomain ?? null],
    ['forwarding.srs_secret_file', config.forwarding?.secretFile ?? null],
    ['bounces.secret_file', config.bounces.secretFile],
    ['events.file', eventFile],
    ['events.postfix_log', postfixFile],
    ['tls_rpt.socket', config.tlsRpt.socket?.path ?? null],
    ['sendmail.spool', config.spool],
    ...settledInTables(config),
  ]);
  const warnings = warningsOf(config, parsed.hostname === undefined ? host.hostname : undefined);
  return { config: freeze(config), settled, warnings };
}

function toAccountDatabase(
  written: ParsedConfig['account_database'],
  sources: Sources,
): AccountDatabaseConfig | null {
  if (written === null) return null;
  const { place } = written;
  if (place.kind === 'sqlite' || place.passwordFile === null) return written;
  const passwordFile = sources.absolute('account_database.password_file', place.passwordFile);
  return { ...written, place: { ...place, passwordFile } };
}

function passwordFileOf(database: AccountDatabaseConfig | null): string | null {
  return database?.place.kind === 'postgresql' ? database.place.passwordFile : null;
}

function toTlsRpt(
  { keep, socket, socket_mode: mode, socket_group: group }: ParsedConfig['tls_rpt'],
  sources: Sources,
): Config['tlsRpt'] {
  const path = socket === undefined ? undefined : sources.absolute('tls_rpt.socket', socket);
  return { keepMs: keep, socket: path === undefined ? null : { path, mode, group: group ?? null } };
}

/** What depends on other keys of the same table, and files. */
function settledInTables(config: Config): readonly (readonly [string, unknown])[] {
  const files = (
    path: string,
    source: Source<unknown> | undefined,
  ): readonly (readonly [string, string])[] => (source?.kind === 'file' ? [[path, source.path]] : []);
  return [
    ...config.certificates.flatMap(({ path, certFile, keyFile }) => [
      [`${path}.cert`, certFile] as const,
      [`${path}.key`, keyFile] as const,
    ]),
    ...config.listeners.flatMap(({ requireTls, networks }, index) => [
      [`listener[${index}].require_tls`, requireTls] as const,
      [`listener[${index}].networks`, networks.map(formatNetwork)] as const,
    ]),
    ...config.accounts.flatMap(({ hash }, index) =>
      files(`account[${index}].password_hash_file`, hash ?? undefined),
    ),
    ...config.api.keys.flatMap(({ hash }, index) => files(`api_key[${index}].key_hash_file`, hash)),
    ...config.domains.flatMap(({ tls, requireTls, recipients, aliases }, index) => [
      [`domain[${index}].tls`, tls] as const,
      [`domain[${index}].requiretls`, requireTls] as const,
      [`domain[${index}].verify`, recipients.kind === 'any' ? 'none' : recipients.kind] as const,
      ...files(
        `domain[${index}].recipients_file`,
        recipients.kind === 'table' ? recipients.locals : undefined,
      ),
      ...files(`domain[${index}].aliases_file`, aliases ?? undefined),
    ]),
    ...config.dkim.map(({ keyFile }, index) => [`dkim[${index}].key`, keyFile] as const),
    ...config.webhooks.flatMap(({ name, keyFile, ed25519KeyFile }, index) => [
      [`webhook[${index}].name`, name] as const,
      [`webhook[${index}].key_file`, keyFile] as const,
      [`webhook[${index}].ed25519_key_file`, ed25519KeyFile] as const,
    ]),
    ...config.gateways.flatMap((gateway, index) => settledInGateway(gateway, `gateway[${index}]`)),
    ...settledInAdvisor(config.advisor),
    ...config.routes.flatMap(({ tls, login }, index) => [
      [`route[${index}].tls`, tls] as const,
      ...files(`route[${index}].password_file`, login?.password),
    ]),
  ];
}

function defaultHostname(name: string): MailDomain {
  const domain = parseDomain(name);
  return domain.kind === 'ok'
    ? { kind: 'domain', domain: domain.value }
    : { kind: 'literal', address: '127.0.0.1' };
}

function defaultDataFolder(env: Environment, host: HostFacts): string {
  if (host.isRoot) return '/var/lib/waxwing';
  const state = env['XDG_STATE_HOME'];
  // The XDG specification has relative paths ignored.
  return join(
    state !== undefined && isAbsolute(state) ? state : join(host.home, '.local', 'state'),
    'waxwing',
  );
}

function eventFileOf(written: string | undefined, dataFolder: string, sources: Sources): string {
  if (written === '-') return '-';
  return written === undefined ? join(dataFolder, 'events.ndjson') : sources.absolute('events.file', written);
}

function postfixFileOf(written: string | undefined, sources: Sources): string | null {
  if (written === undefined) return null;
  return written === '-' ? '-' : sources.absolute('events.postfix_log', written);
}

function toEventTarget<Stream extends 'stdout' | 'stderr'>(
  path: string,
  stream: Stream,
  { rotate_size: size, rotate_keep: keep }: ParsedConfig['events'],
): EventTarget<Stream> {
  if (path === '-') return { kind: stream };
  return { kind: 'file', path, rotation: size === undefined ? null : { size, keep } };
}

function toWebhook(webhook: WebhookConfig, path: string, sources: Sources): WebhookConfig {
  const at = (key: string, file: string | null): string | null =>
    file === null ? null : sources.absolute(`${path}.${key}`, file);
  return {
    ...webhook,
    keyFile: at('key_file', webhook.keyFile),
    ed25519KeyFile: at('ed25519_key_file', webhook.ed25519KeyFile),
  };
}

function certificatesOf(
  { tls, certificate }: ParsedConfig,
  sources: Sources,
): readonly ConfiguredCertificate[] {
  const at = (path: string, cert: string, key: string): ConfiguredCertificate => ({
    path,
    certFile: sources.absolute(`${path}.cert`, cert),
    keyFile: sources.absolute(`${path}.key`, key),
  });
  const first = tls.cert === undefined || tls.key === undefined ? [] : [at('tls', tls.cert, tls.key)];
  return [...first, ...certificate.map(({ cert, key }, index) => at(`certificate[${index}]`, cert, key))];
}

function located<Value>(source: Source<Value>, path: string, sources: Sources): Source<Value> {
  return source.kind === 'here' ? source : { kind: 'file', path: sources.absolute(path, source.path) };
}

function toDomain(domain: DomainConfig, path: string, general: TlsLevel, sources: Sources): DomainConfig {
  const recipients: RecipientsConfig =
    domain.recipients.kind === 'table'
      ? { kind: 'table', locals: located(domain.recipients.locals, `${path}.recipients_file`, sources) }
      : domain.recipients;
  const tls = domain.tls ?? levelOfBackend(domain.backend, general);
  // RFC 8689 §4.4: behind us it is delivery, and no LMTP server on this host would promise TLS to anybody.
  const requireTls = domain.requireTls ?? (isThisHost(domain.backend) ? 'opportunistic' : null);
  const aliases = domain.aliases === null ? null : located(domain.aliases, `${path}.aliases_file`, sources);
  return { ...domain, tls, requireTls, recipients, aliases };
}

/** null: the level that holds for everyone. */
function levelOfBackend(backend: RouteTarget, general: TlsLevel): TlsLevel | null {
  if (backend.protocol === 'smtps') return leastOfSmtps(general);
  // Nobody stands between us and this host, so what holds for the Internet need not hold for its LMTP server.
  return isThisHost(backend) ? 'may' : null;
}

/** TLS comes first there, whatever holds for everyone; null: more than that holds for everyone. */
function leastOfSmtps(general: TlsLevel): TlsLevel | null {
  return general === 'off' || general === 'may' ? 'encrypt' : null;
}

function toRoute(route: RouteConfig, path: string, general: TlsLevel, sources: Sources): RouteConfig {
  const { login, to } = route;
  const least = to?.protocol === 'smtps' ? leastOfSmtps(general) : null;
  return {
    ...route,
    tls: route.tls ?? least,
    login:
      login === null
        ? null
        : { user: login.user, password: located(login.password, `${path}.password_file`, sources) },
  };
}

function toAuthentication(
  { evaluate, authserv_id, dmarc, spf_hard_fail, trusted_sealers, within }: ParsedConfig['authentication'],
  hostname: MailDomain,
): AuthenticationConfig | null {
  if (!evaluate) return null;
  return {
    authservId: formatMailDomain(authserv_id ?? hostname),
    actions: { dmarc, spfHardFail: spf_hard_fail },
    trustedSealers: trusted_sealers,
    withinMs: within,
  };
}

function toDns(dns: ParsedConfig['dns'], sources: Sources): DnsConfig {
  const { resolver, dnssec, trusted, trust_anchor: anchorFile, sha1 } = dns;
  return {
    resolvers: resolver ?? [],
    dnssec,
    trusted,
    anchorFile: anchorFile === undefined ? null : sources.absolute('dns.trust_anchor', anchorFile),
    sha1,
  };
}

function freeze<Value>(value: Value): Value {
  // The octets of a hash cannot be frozen.
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}
