/** Builds the gateways from the configuration, and changes them when it is read again. */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { LoggedEvent } from '../events/delivery-event.ts';
import type { AddressesOf } from '../gateway/backend.ts';
import { type Gateways, startGateways } from '../gateway/gateway.ts';
import { gatewayMetrics } from '../gateway/metrics.ts';
import type { GatewaySettings } from '../gateway/settings.ts';
import { formatMailDomain } from '../names/mailbox.ts';
import { type Certificates, openCertificates } from '../net/certificates.ts';
import type { Deadlines } from '../net/deadlines.ts';
import type { Dns } from '../net/dns.ts';
import type { Doors } from '../net/door.ts';
import { serveTextPage, type TextPage } from '../net/text-page.ts';
import { type KeyPair, outgoingContext } from '../net/tls.ts';
import { type CertificateWatch, watchCertificates } from '../relay/certificate-watch.ts';
import { isWithinOneOf } from '../relay/networks.ts';
import type { GatewayConfig, ListenAddress } from './config/config.ts';
import type { GatewayFiles } from './config/gateway-files.ts';
import type { Running } from './reload.ts';

type Log = Pick<Logger, 'info' | 'warn' | 'error'>;

/** What gateways go by until the next reload. */
export interface GatewayTerms {
  /** Our name, printable ASCII. */
  readonly hostname: string;
  readonly gateways: readonly GatewayConfig[];
  /** In the same order. */
  readonly files: readonly GatewayFiles[];
  /** What clients are shown where a gateway has no certificate of its own. */
  readonly pairs: readonly KeyPair[];
  /** Roots, beside those that Node brings along, for servers that are reached by TLS. */
  readonly roots: readonly string[];
}

export interface GatewayServiceParts {
  readonly first: GatewayTerms;
  readonly metrics: ListenAddress | null;
  /** What is shown there, beside what gateways count. */
  readonly registry: Registry;
  readonly deadlines: Deadlines;
  /** What opens the doors; absent: they are bound here. */
  readonly doors?: Doors;
  readonly addressesOf: AddressesOf;
  readonly onEvents: (events: readonly LoggedEvent[]) => void;
  readonly log: Log;
  readonly onError: (what: string, error: unknown) => void;
}

export interface GatewayService {
  readonly listeners: Gateways['listeners'];
  /** Takes over certificates for gateways that have none of their own. */
  readonly shared: Pick<Certificates, 'replace'>;
  /** @throws Node's error when an address cannot be bound; everything is as it was then. */
  reload(terms: GatewayTerms): Promise<void>;
  /** Looks at the files of certificates at once. */
  checkCertificates(): Promise<void>;
  close(graceMs: number): Promise<void>;
}

const LOOK_AT_CERTIFICATES_EVERY_MS = 5_000;
const NONCE_BYTES = 18;

/** What stands behind one set of settings. */
interface Built {
  readonly settings: readonly GatewaySettings[];
  /** Of gateways that show what all show. */
  readonly shared: readonly Certificates[];
  readonly own: readonly {
    readonly gateway: GatewayConfig;
    readonly pair: KeyPair;
    readonly certificates: Certificates;
  }[];
}

/** @throws Node's error when an address cannot be bound; nothing is left open then. */
export async function startGatewayService(parts: GatewayServiceParts): Promise<GatewayService> {
  const { first, deadlines, addressesOf, log, onError } = parts;
  const counters = gatewayMetrics(
    first.gateways.map(({ name }) => name),
    parts.registry,
  );
  let built = build(first);
  const gateways = await startGateways({
    gateways: built.settings,
    doors: parts.doors,
    deadlines,
    addressesOf,
    now: Date.now,
    nonce: () => randomBytes(NONCE_BYTES).toString('base64url'),
    counters,
    onEvents: parts.onEvents,
    onOddity: (what, about) => log.warn(about, what),
    onError,
  });
  let page: TextPage | undefined;
  try {
    page = await pageOf(parts.metrics, parts.registry, onError);
  } catch (error) {
    await gateways.close(0);
    throw error;
  }
  if (page !== undefined) log.info({ address: page.address, port: page.port }, 'metrics at /metrics');
  let watching = watch(built, log);
  return {
    get listeners() {
      return gateways.listeners;
    },
    shared: {
      replace(pairs) {
        for (const certificates of built.shared) certificates.replace(pairs);
      },
    },
    async reload(terms) {
      const next = build(terms);
      await gateways.reload(next.settings);
      built = next;
      for (const one of watching) one.close();
      watching = watch(built, log);
    },
    async checkCertificates() {
      await Promise.all(watching.map((one) => one.check()));
    },
    async close(graceMs) {
      for (const one of watching) one.close();
      await gateways.close(graceMs);
      await page?.close();
    },
  };
}

/** @param pairs what all listeners show. */
export function gatewayTermsOf({ config, files }: Running, pairs: readonly KeyPair[]): GatewayTerms {
  const hostname = formatMailDomain(config.hostname);
  return { hostname, gateways: config.gateways, files: files.gateways, pairs, roots: files.roots };
}

/** Addresses by the look-ups of the moment. */
export function gatewayAddresses(dns: () => Dns): AddressesOf {
  return async (host) => {
    const answer = await dns().addresses(host);
    if (answer.kind === 'found') return { kind: 'found', addresses: answer.value };
    const because = answer.kind === 'absent' ? `${host} has no address` : `${host}: ${answer.because}`;
    return { kind: 'failed', because };
  };
}

async function pageOf(
  at: ListenAddress | null,
  registry: Registry,
  onError: GatewayServiceParts['onError'],
): Promise<TextPage | undefined> {
  if (at === null) return undefined;
  const { contentType } = registry;
  const text = (): Promise<string> => registry.metrics();
  return await serveTextPage({ ...at, path: '/metrics', contentType, text, onError });
}

function build(terms: GatewayTerms): Built {
  const shared: Certificates[] = [];
  const own: Built['own'][number][] = [];
  const settings = terms.gateways.map((gateway, index): GatewaySettings => {
    const { mode, proxies, ...rest } = gateway;
    const { pair = null, clientRoots = [] } = terms.files[index] ?? {};
    const common = {
      ...rest,
      hostname: terms.hostname,
      isProxy: (address: string) => isWithinOneOf(proxies, address),
    };
    if (mode.kind === 'reverse') {
      return { ...common, mode: { ...mode, context: outgoingContext(terms.roots) } };
    }
    const { files: _files, tls, clientCertificates, ...front } = mode;
    const certificates = openCertificates(pair === null ? terms.pairs : [pair], { ...tls, clientRoots });
    if (pair === null) shared.push(certificates);
    else own.push({ gateway, pair, certificates });
    return { ...common, mode: { ...front, certificates, clientCertificates } };
  });
  return { settings, shared, own };
}

/** Those that all show are looked after by whoever has read them. */
function watch({ own }: Built, log: Log): readonly CertificateWatch[] {
  return own.flatMap(({ gateway: { mode }, pair, certificates }) =>
    mode.kind === 'front' && mode.files !== null
      ? watchCertificates({
          files: [mode.files],
          pairs: [pair],
          certificates,
          now: Date.now,
          everyMs: LOOK_AT_CERTIFICATES_EVERY_MS,
          tell: (level, what) => log[level](what),
        })
      : [],
  );
}
