/** `waxwing gateway` as a process: what it starts with, its signals, and how it ends. */
import { hostname as systemHostname } from 'node:os';
import { resolve } from 'node:path';
import { Registry } from 'prom-client';
import { type Parsed, parseDomain } from '../names/domain.ts';
import { startDeadlines } from '../net/deadlines.ts';
import { openResolver, type Resolver } from '../net/dns/resolver.ts';
import { type Dns, mailDns } from '../net/dns.ts';
import type { KeyPair } from '../net/tls.ts';
import { type CertificateFiles, faultOfDates, readKeyPair } from '../relay/certificate.ts';
import { watchCertificates } from '../relay/certificate-watch.ts';
import { type EventLog, fileEventLog, streamEventLog } from '../relay/event-log.ts';
import type { GatewayOptions } from './commands/gateway.ts';
import type { Config, GatewayConfig, ListenAddress } from './config/config.ts';
import { describeError } from './config/describe-error.ts';
import { type DnsFiles, type Findings, readDnsFiles } from './config/files.ts';
import { type GatewayFiles, readGatewayFiles } from './config/gateway-files.ts';
import { loadConfig } from './config/load.ts';
import { toLoadRequest } from './config/options.ts';
import { parseDuration, parseListenAddress } from './config/values.ts';
import { warnAboutGateway } from './config/warnings.ts';
import { resolverOptionsOf } from './dns-settings.ts';
import { gatewayOfFlags } from './gateway-flags.ts';
import { type GatewayService, gatewayAddresses, startGatewayService } from './gateway-service.ts';
import { openOwnLog } from './own-log.ts';
import { DNS_TIMEOUT_MS } from './relay-dns.ts';
import { listenToSignals } from './signals.ts';
import { endWithoutReader, messageOf } from './usage.ts';

/** All that the command line and its files say. */
export interface GatewayRequest {
  readonly gateway: GatewayConfig;
  readonly files: GatewayFiles;
  readonly hostname: string;
  readonly certificates: readonly CertificateFiles[];
  readonly pairs: readonly KeyPair[];
  /** For names of servers, and their roots. */
  readonly config: Config;
  readonly dnsFiles: DnsFiles;
  readonly metrics: ListenAddress | null;
  /** `-` is stdout. */
  readonly events: string;
  readonly graceMs: number;
}

export type RequestRead =
  | { readonly kind: 'ok'; readonly value: GatewayRequest }
  | { readonly kind: 'invalid'; readonly because: readonly string[] };

const DEADLINE_STEP_MS = 250;
const LOOK_AT_CERTIFICATES_EVERY_MS = 5_000;

/** Reads flags and files, and finds all that is wrong with them. */
export async function readGatewayRequest(options: GatewayOptions): Promise<RequestRead> {
  const because: string[] = [];
  const take = <Value>(flag: string, read: Parsed<Value>): Value | undefined => {
    if (read.kind === 'ok') return read.value;
    because.push(`${flag} ${read.because}`);
    return undefined;
  };
  const hostname = take('--hostname', parseDomain(options.hostname ?? ownName()));
  const graceMs = take('--grace', parseDuration(options.grace));
  const metrics =
    options.metrics === undefined ? null : take('--metrics', parseListenAddress(options.metrics));
  const read = gatewayOfFlags(options);
  if (read.kind === 'invalid') because.push(...read.because);
  const gateway = read.kind === 'ok' ? read.value : undefined;
  const certificates = certificateFilesOf(options, because);
  const pairs = await readPairs(certificates, because);
  const findings: Pick<Findings, 'take'> = {
    take: (path, reading) => take(`--${path.replace('gateway.', '').replaceAll('_', '-')}`, reading),
  };
  const files = gateway && (await readGatewayFiles(gateway, 'gateway', findings));
  const base = await readBase(options, because);
  if (because.length > 0 || gateway === undefined || files === undefined || base === undefined) {
    return { kind: 'invalid', because };
  }
  if (hostname === undefined || graceMs === undefined || metrics === undefined) {
    return { kind: 'invalid', because };
  }
  const { events } = options;
  return {
    kind: 'ok',
    value: { gateway, files, hostname, certificates, pairs, ...base, metrics, events, graceMs },
  };
}

/** A name that says nothing, where the system has none that could be said. */
function ownName(): string {
  return parseDomain(systemHostname()).kind === 'ok' ? systemHostname() : 'localhost';
}

function certificateFilesOf(
  { cert = [], key = [], reverse }: GatewayOptions,
  because: string[],
): readonly CertificateFiles[] {
  if (reverse === true) {
    if (cert.length + key.length > 0) because.push('--cert and --key cannot be given with --reverse');
    return [];
  }
  if (cert.length === 0)
    because.push('--cert is missing, and --key with it: clients have to be shown something');
  if (cert.length !== key.length) {
    because.push(`--key has to be given once for each --cert: there are ${key.length} for ${cert.length}`);
  }
  return cert.map((file, index) => ({ certFile: resolve(file), keyFile: resolve(key[index] ?? file) }));
}

async function readPairs(files: readonly CertificateFiles[], because: string[]): Promise<readonly KeyPair[]> {
  const pairs = await Promise.all(files.map((one) => readKeyPair(one)));
  return pairs.flatMap((read) => {
    if (read.kind === 'ok') return [read.pair];
    because.push(...read.faults.map((fault) => `--${fault.file} ${fault.because}`));
    return [];
  });
}

async function readBase(
  options: GatewayOptions,
  because: string[],
): Promise<Pick<GatewayRequest, 'config' | 'dnsFiles'> | undefined> {
  const { config: file, resolver, dnssec, trustAnchor, ca } = options;
  const given = { config: file, resolver, dnssec, trustAnchor, ca };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const loaded = loadConfig(toLoadRequest(present, process.env));
  if (loaded.kind === 'invalid') {
    because.push(...loaded.errors.map(describeError));
    return undefined;
  }
  const { files: dnsFiles, errors } = await readDnsFiles(loaded.config, loaded.effective);
  because.push(...errors.map(describeError));
  return { config: loaded.config, dnsFiles };
}

/** Runs until SIGTERM or SIGINT. */
export async function runGateway(request: GatewayRequest): Promise<void> {
  const { log, end: endLog } = openOwnLog();
  const signals = listenToSignals('reload');
  const onError = (what: string, error: unknown): void => log.error({ err: error }, what);
  const deadlines = startDeadlines(DEADLINE_STEP_MS);
  const events = openEvents(request.events, onError);
  const unread = Promise.withResolvers<'unread'>();
  process.stdout.removeListener('error', endWithoutReader);
  process.stdout.on('error', () => unread.resolve('unread'));
  const names = openNames(request);
  let service: GatewayService;
  try {
    service = await startGatewayService({
      first: {
        hostname: request.hostname,
        gateways: [request.gateway],
        files: [request.files],
        pairs: request.pairs,
        roots: request.dnsFiles.roots,
      },
      metrics: request.metrics,
      registry: new Registry(),
      deadlines,
      addressesOf: gatewayAddresses(names.dns),
      onEvents: (list) => events.write(list),
      log,
      onError,
    });
  } catch (error) {
    process.stderr.write(`error: waxwing cannot start the gateway: ${messageOf(error)}\n`);
    process.exit(1);
  }
  for (const warning of warningsOf(request, Date.now())) log.warn(warning);
  for (const place of service.listeners) log.info(place, 'listening');
  log.info({ gateway: request.gateway.name }, 'ready');
  const watching = watchCertificates({
    files: request.certificates,
    pairs: request.pairs,
    certificates: service.shared,
    now: Date.now,
    everyMs: LOOK_AT_CERTIFICATES_EVERY_MS,
    tell: (level, what) => log[level](what),
  });
  signals.onHangup(() => {
    events.reopen();
    void watching.check();
  });
  const end = await Promise.race([signals.stop, unread.promise]);
  log.info('stopping');
  watching.close();
  await service.close(request.graceMs);
  await names.close();
  await events.close();
  deadlines.close();
  log.info('stopped');
  await endLog();
  process.exit(end === 'told' ? 0 : 1);
}

/** What is no reason not to start. */
function warningsOf({ gateway, certificates, pairs }: GatewayRequest, now: number): readonly string[] {
  const outOfDate = pairs.flatMap((pair, index) => {
    const because = faultOfDates(pair, now);
    return because === undefined ? [] : [`--cert: ${certificates[index]?.certFile} ${because}`];
  });
  return [...warnAboutGateway(gateway, 'gateway'), ...outOfDate];
}

function openEvents(target: string, onError: (what: string, error: unknown) => void): EventLog {
  if (target === '-') return streamEventLog(process.stdout);
  const path = resolve(target);
  return fileEventLog(path, (error) => onError(`the event log ${path} fails`, error));
}

interface Names {
  readonly dns: () => Dns;
  close(): Promise<void>;
}

/** A resolver is opened with the first name that has to be looked up. */
function openNames({ config, dnsFiles }: GatewayRequest): Names {
  let resolver: Resolver | undefined;
  return {
    dns() {
      resolver ??= openResolver(
        resolverOptionsOf(config, dnsFiles, {
          // The certificate proves who is there, wherever the name leads.
          whenUnprovable: 'use',
          timeoutMs: DNS_TIMEOUT_MS,
          onNotice: () => undefined,
        }),
      );
      return mailDns(resolver, Math.random);
    },
    close: async () => await resolver?.close(),
  };
}
