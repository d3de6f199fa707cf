/** Reads the files that a configuration names, and checks them: readable, right kind, fitting each other, in date. */
import type { KeyObject } from 'node:crypto';
import { ianaAnchors, parseAnchors, type TrustAnchor } from '../../dns/anchors.ts';
import type { Parsed } from '../../names/domain.ts';
import type { KeyPair } from '../../net/tls.ts';
import type { Route } from '../../policies/overrides/route.ts';
import type { Account } from '../../relay/accounts.ts';
import { faultOfDates, readKeyPair, readRoots } from '../../relay/certificate.ts';
import type { DkimKey } from '../../relay/dkim-key.ts';
import type { LocalDomain } from '../../relay/domains.ts';
import type { ApiKey } from '../../relay/http-api/api-key.ts';
import type { Webhook } from '../../relay/webhooks/settings.ts';
import { readAccount, readAccountsFile, warnAboutDatabase } from './account-files.ts';
import {
  checkAliases,
  type ForwardingFiles,
  readDomainAliases,
  readForwarding,
  readVerpSecret,
} from './alias-files.ts';
import { readApiKeys } from './api-files.ts';
import type {
  Config,
  ConfigError,
  ConfiguredCertificate,
  DomainConfig,
  EffectiveValue,
  RouteConfig,
} from './config.ts';
import { readDkimKeys } from './dkim-files.ts';
import { type GatewayFiles, readGatewayFiles } from './gateway-files.ts';
import { warnAboutSecrets } from './secret-files.ts';
import { readLine, readText } from './text-file.ts';
import { parseLocalPart, parsePassword } from './values.ts';
import { warnAboutBounces, warnAboutCertificates, warnAboutHash, warnAboutRules } from './warnings.ts';
import { readWebhooks } from './webhook-files.ts';

/** What look-ups need of the files. */
export interface DnsFiles {
  /** Extra roots for outgoing verification, PEM. */
  readonly roots: readonly string[];
  /** Those of IANA where no file names others. */
  readonly anchors: readonly TrustAnchor[];
}

/** What deliveries need of the files. */
export interface OutgoingFiles extends DnsFiles {
  /** `hello` is null where it is the hostname. */
  readonly routes: readonly (Omit<Route, 'hello'> & Pick<RouteConfig, 'hello'>)[];
}

/** What the files hold, put where it belongs: plain data and keys, as it goes to other processes, too. */
export interface ConfigFiles extends OutgoingFiles {
  /** In the order of the configuration. */
  readonly certificates: readonly KeyPair[];
  /** Those of the configuration first. */
  readonly accounts: readonly Account[];
  /** Of the database with accounts; null: there is none. */
  readonly databasePassword: string | null;
  readonly apiKeys: readonly ApiKey[];
  /** Who may vouch for names in certificates of clients, PEM; empty: the public ones. */
  readonly clientRoots: readonly string[];
  readonly domains: readonly LocalDomain[];
  readonly dkim: readonly DkimKey[];
  readonly forwarding: ForwardingFiles | null;
  /** null: there is no secret. */
  readonly verpSecret: KeyObject | null;
  /** In the order of the configuration. */
  readonly webhooks: readonly Webhook[];
  /** In the order of the configuration. */
  readonly gateways: readonly GatewayFiles[];
}

export interface FilesRead {
  /** undefined where there are errors. */
  readonly files: ConfigFiles | undefined;
  /** With these no listener can be opened, nobody can log in, or no delivery be verified. */
  readonly errors: readonly ConfigError[];
  /** A certificate is out of date: clients who verify it stay away, everything else works. */
  readonly outOfDate: readonly ConfigError[];
  readonly warnings: readonly string[];
}

export interface Findings {
  readonly errors: ConfigError[];
  fault(path: string, message: string): ConfigError;
  /** Takes a reading, or puts on findings what is wrong with the file of this key. */
  take<Value>(path: string, reading: Parsed<Value>): Value | undefined;
}

/**
 * @param effective where the values of `config` come from.
 * @param now milliseconds since 1970.
 */
export async function readFiles(
  config: Config,
  effective: readonly EffectiveValue[],
  now: number,
): Promise<FilesRead> {
  const findings = findingsOf(effective);
  const outgoing = await readOutgoing(config, findings);
  const certificates = await all(config.certificates, (one) => readCertificate(one, findings));
  const outOfDate = certificates.flatMap((pair, index) => {
    const { path, certFile } = config.certificates[index] ?? {};
    const because = pair === undefined ? undefined : faultOfDates(pair, now);
    return because === undefined ? [] : [findings.fault(`${path}.cert`, `${certFile} ${because}`)];
  });
  const accounts = await all(config.accounts, (account, index) =>
    readAccount(account, `account[${index}].password_hash_file`, findings),
  );
  const listed = await readListed(config, findings);
  const databasePassword = await readDatabasePassword(config, findings);
  const apiKeys = await readApiKeys(config.api.keys, findings);
  const clientRoots =
    config.clientCaFile === null
      ? undefined
      : findings.take('tls.client_ca', await readRoots(config.clientCaFile));
  const warnings = accounts.flatMap((account, index) =>
    account !== undefined && account.secret !== null && config.accounts[index]?.hash?.kind === 'file'
      ? warnAboutHash(`account[${index}].password_hash_file`, account.user, account.secret)
      : [],
  );
  const domains = await all(config.domains, (domain, index) =>
    readDomain(domain, `domain[${index}]`, findings),
  );
  if (domains.every((domain) => domain !== undefined)) checkAliases(domains, config, findings);
  const forwarding = await readForwarding(config, findings);
  const verpSecret = await readVerpSecret(config, findings);
  const dkim = await readDkimKeys(config.dkim, findings);
  const hooks = await readWebhooks(config.webhooks, findings);

  const gateways = await all(config.gateways, (gateway, index) =>
    readGatewayFiles(gateway, `gateway[${index}]`, findings),
  );
  const outdated = gateways.flatMap(({ pair }, index) => {
    const because = pair === null ? undefined : faultOfDates(pair, now);
    return because === undefined
      ? []
      : [findings.fault(`gateway[${index}].cert`, `the certificate ${because}`)];
  });

  const { errors } = findings;
  if (errors.length > 0) {
    return { files: undefined, errors, outOfDate: [...outOfDate, ...outdated], warnings };
  }
  const files: ConfigFiles = {
    ...outgoing,
    certificates: present(certificates),
    accounts: [...present(accounts), ...listed],
    databasePassword,
    apiKeys,
    clientRoots: clientRoots === undefined ? [] : [clientRoots],
    domains: present(domains),
    dkim: dkim.keys,
    webhooks: hooks.webhooks,
    forwarding: forwarding ?? null,
    verpSecret: verpSecret ?? null,
    gateways,
  };
  const shown = warnAboutCertificates(config.certificates, files.certificates);
  const submitters = [...files.accounts.map(({ user }) => user), ...apiKeys.map(({ name }) => name)];
  // Nobody knows here who is in the database.
  const unused = config.accountDatabase === null ? warnAboutRules(config.rules, new Set(submitters)) : [];
  const refused = warnAboutBounces(config.bounces.addresses, files.domains);
  const missing = await warnAboutDatabase(config);
  const open = await warnAboutSecrets(config);
  return {
    files,
    errors,
    outOfDate: [...outOfDate, ...outdated],
    warnings: [
      ...warnings,
      ...dkim.warnings,
      ...hooks.warnings,
      ...shown,
      ...unused,
      ...refused,
      ...missing,
      ...open,
    ],
  };
}

/** Only what a delivery needs: whoever sends directly need not be able to read the keys of the listeners. */
export async function readOutgoingFiles(
  config: Config,
  effective: readonly EffectiveValue[],
): Promise<{ readonly files: OutgoingFiles; readonly errors: readonly ConfigError[] }> {
  const findings = findingsOf(effective);
  return { files: await readOutgoing(config, findings), errors: findings.errors };
}

/** Only what a look-up needs: whoever asks need not be able to read any secret. */
export async function readDnsFiles(
  config: Config,
  effective: readonly EffectiveValue[],
): Promise<{ readonly files: DnsFiles; readonly errors: readonly ConfigError[] }> {
  const findings = findingsOf(effective);
  return { files: await readDns(config, findings), errors: findings.errors };
}

function findingsOf(effective: readonly EffectiveValue[]): Findings {
  const errors: ConfigError[] = [];
  const fault = (path: string, message: string): ConfigError => ({
    path,
    origin: effective.find((value) => value.path === path)?.origin ?? 'default',
    message,
  });
  return {
    errors,
    fault,
    take(path, reading) {
      if (reading.kind === 'ok') return reading.value;
      errors.push(fault(path, reading.because));
      return undefined;
    },
  };
}

async function readOutgoing(config: Config, findings: Findings): Promise<OutgoingFiles> {
  const dns = await readDns(config, findings);
  const read = await all(config.routes, (route, index) => readRoute(route, `route[${index}]`, findings));
  return { ...dns, routes: present(read) };
}

async function readDns({ caFile, dns: { anchorFile } }: Config, findings: Findings): Promise<DnsFiles> {
  const roots = caFile === null ? [] : [findings.take('tls.ca', await readRoots(caFile))];
  const anchors =
    anchorFile === null ? ianaAnchors : findings.take('dns.trust_anchor', await readAnchors(anchorFile));
  return { roots: present(roots), anchors: anchors ?? [] };
}

function all<Item, Value>(
  items: readonly Item[],
  read: (item: Item, index: number) => Promise<Value>,
): Promise<Value[]> {
  return Promise.all(items.map(read));
}

/** Nothing is missing where nothing was put on findings as wrong. */
function present<Value>(values: readonly (Value | undefined)[]): Value[] {
  return values.filter((value) => value !== undefined);
}

async function readCertificate(
  { path, certFile, keyFile }: ConfiguredCertificate,
  findings: Findings,
): Promise<KeyPair | undefined> {
  const read = await readKeyPair({ certFile, keyFile });
  if (read.kind === 'ok') return read.pair;
  for (const { file, because } of read.faults) findings.take(`${path}.${file}`, { kind: 'invalid', because });
  return undefined;
}

async function readListed(
  { accounts, accountsFile }: Config,
  findings: Findings,
): Promise<readonly Account[]> {
  if (accountsFile === null) return [];
  const known = new Set(accounts.map(({ user }) => user));
  return findings.take('accounts.file', await readAccountsFile(accountsFile, known)) ?? [];
}

async function readDatabasePassword({ accountDatabase }: Config, findings: Findings): Promise<string | null> {
  const file = accountDatabase?.place.kind === 'postgresql' ? accountDatabase.place.passwordFile : null;
  if (file === null) return null;
  return findings.take('account_database.password_file', await readPassword(file)) ?? null;
}

async function readDomain(
  domain: DomainConfig,
  path: string,
  findings: Findings,
): Promise<LocalDomain | undefined> {
  const { recipients } = domain;
  const aliases = await readDomainAliases(domain, path, findings);
  if (aliases === undefined) return undefined;
  if (recipients.kind !== 'table') return { ...domain, aliases, recipients };
  const { locals } = recipients;
  const read =
    locals.kind === 'here'
      ? locals.value
      : findings.take(`${path}.recipients_file`, await readLocals(locals.path));
  if (read === undefined) return undefined;
  return { ...domain, aliases, recipients: { kind: 'table', locals: new Set(read) } };
}

async function readRoute(
  { login, ...route }: RouteConfig,
  path: string,
  findings: Findings,
): Promise<ConfigFiles['routes'][number] | undefined> {
  if (login === null) return { ...route, login };
  const { user, password: source } = login;
  const password =
    source.kind === 'here'
      ? source.value
      : findings.take(`${path}.password_file`, await readPassword(source.path));
  return password === undefined ? undefined : { ...route, login: { user, password } };
}

async function readPassword(file: string): Promise<Parsed<string>> {
  const line = await readLine(file);
  const parsed = line.kind === 'ok' ? parsePassword(line.value) : line;
  return parsed.kind === 'ok' ? parsed : { kind: 'invalid', because: `${file}: ${parsed.because}` };
}

async function readAnchors(file: string): Promise<Parsed<readonly TrustAnchor[]>> {
  const text = await readText(file);
  if (text.kind === 'invalid') return { kind: 'invalid', because: `${file}: ${text.because}` };
  const parsed = parseAnchors(text.value);
  if (parsed.kind === 'ok') return { kind: 'ok', value: parsed.anchors };
  const at = parsed.line === 0 ? file : `${file}:${parsed.line}`;
  return { kind: 'invalid', because: `${at}: ${parsed.because}` };
}

/** One recipient a line; a line that begins with # is a comment. */
async function readLocals(file: string): Promise<Parsed<readonly string[]>> {
  const text = await readText(file);
  if (text.kind === 'invalid') return { kind: 'invalid', because: `${file}: ${text.because}` };
  const locals: string[] = [];
  for (const [index, line] of text.value.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const local = parseLocalPart(line);
    if (local.kind === 'invalid')
      return { kind: 'invalid', because: `${file}:${index + 1}: ${local.because}` };
    locals.push(local.value);
  }
  return locals.length === 0
    ? { kind: 'invalid', because: `${file} names no recipient` }
    : { kind: 'ok', value: locals };
}
