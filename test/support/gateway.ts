/** A gateway for tests: on loopback, with certificates of a test's own authority. */
import type { TestContext } from 'node:test';
import type { ConnectionEvent } from '../../src/events/connection-event.ts';
import type { CredentialEvent, LoggedEvent } from '../../src/events/delivery-event.ts';
import { startGateways } from '../../src/gateway/gateway.ts';
import type {
  BackendTarget,
  ClientCertificates,
  GatewayLimits,
  GatewayProtocol,
  GatewaySettings,
  ListenPlace,
} from '../../src/gateway/settings.ts';
import type { Counters } from '../../src/gateway/visit.ts';
import { parseHost } from '../../src/names/address.ts';
import { openCertificates } from '../../src/net/certificates.ts';
import { startDeadlines } from '../../src/net/deadlines.ts';
import type { GatewayPatience } from '../../src/net/mediation.ts';
import { defaultIncoming, type IncomingSettings, outgoingContext } from '../../src/net/tls.ts';
import type { Certificate } from './certificates.ts';

export interface TestGatewayOptions {
  readonly protocol: GatewayProtocol;
  /** Port on 127.0.0.1, or a unix socket. */
  readonly backend: number | string;
  /** Address of the backend where it is not 127.0.0.1. */
  readonly backendHost?: string;
  /** Reverse mode: what the backend's certificate has to prove, and who vouches for it. */
  readonly reverse?: { readonly serverName: string; readonly ca: string };
  /** Front: what clients are shown; more than one by SNI. */
  readonly keyPairs?: readonly Certificate[];
  readonly tls?: Partial<IncomingSettings>;
  readonly clientCertificates?: ClientCertificates;
  readonly requireTls?: boolean;
  readonly xclient?: boolean;
  readonly proxyHeader?: 'v1' | 'v2';
  /** Whether whoever connects is a proxy. */
  readonly behindProxy?: boolean;
  readonly limits?: Partial<GatewayLimits>;
  readonly patience?: Partial<GatewayPatience>;
  readonly hostname?: string;
  /** 127.0.0.1 unless given; `::1`, another of 127.0.0.0/8. */
  readonly address?: string;
}

export interface TestGateway {
  readonly address: string;
  /** Begins in clear. */
  readonly port: number;
  /** TLS from the first octet; 0 in reverse. */
  readonly tlsPort: number;
  /** In the order in which connections ended. */
  readonly events: readonly ConnectionEvent[];
  readonly exposed: readonly CredentialEvent[];
  readonly oddities: readonly string[];
  /** What was counted: `opened`, `refused`, `handshake TLSv1.3`, `exposed`, `closed client`. */
  readonly counted: readonly string[];
  /** Waits until so many connections have ended, at most 30 s. */
  ended(count?: number): Promise<ConnectionEvent>;
  /** New connections meet other settings; what is left out is as at the start. */
  reload(changed: Partial<TestGatewayOptions>): Promise<void>;
  close(graceMs?: number): Promise<void>;
}

const patience: GatewayPatience = {
  clear: 10_000,
  handshake: 10_000,
  connect: 10_000,
  idle: 60_000,
  session: Number.POSITIVE_INFINITY,
};

const limits: GatewayLimits = {
  connections: 10_000,
  connectionsPerAddress: 10_000,
  connectionsPerMinute: 1_000_000,
};

/** Starts it; the test's end closes it. */
export async function startTestGateway(
  t: Pick<TestContext, 'after'>,
  options: TestGatewayOptions,
): Promise<TestGateway> {
  const address = options.address ?? '127.0.0.1';
  const deadlines = startDeadlines(10);
  const events: ConnectionEvent[] = [];
  const exposed: CredentialEvent[] = [];
  const oddities: string[] = [];
  const counted: string[] = [];
  let nonce = 0;
  const gateways = await startGateways({
    gateways: [settingsOf(options, address)],
    deadlines,
    addressesOf: (name) =>
      Promise.resolve(
        name === 'localhost'
          ? { kind: 'found', addresses: ['127.0.0.1'] }
          : { kind: 'failed', because: `${name} has no address` },
      ),
    now: Date.now,
    nonce: () => `nonce-${nonce++}`,
    counters: countersInto(counted),
    onEvents: (list) => keep(list, events, exposed),
    onOddity: (what) => oddities.push(what),
    onError: (what, error) => oddities.push(`${what}: ${String(error)}`),
  });
  let closed = false;
  const close = async (graceMs = 0): Promise<void> => {
    if (closed) return;
    closed = true;
    await gateways.close(graceMs);
    deadlines.close();
  };
  t.after(() => close());
  const [plain, implicit] = gateways.listeners;
  return {
    address,
    port: plain?.port ?? 0,
    tlsPort: implicit?.port ?? 0,
    events,
    exposed,
    oddities,
    counted,
    async ended(count = 1) {
      const until = performance.now() + 30_000;
      for (;;) {
        const last = events[count - 1];
        if (last !== undefined) return last;
        if (performance.now() > until) throw new Error(`${events.length} of ${count} connections ended`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    reload: (changed) =>
      gateways.reload([settingsOf({ ...options, ...changed }, changed.address ?? address)]),
    close,
  };
}

function settingsOf(options: TestGatewayOptions, address: string): GatewaySettings {
  const { protocol, backend, backendHost = '127.0.0.1', hostname = 'gateway.test' } = options;
  const place = (tls: ListenPlace['tls']): ListenPlace => ({ address, port: 0, tls });
  return {
    name: protocol,
    protocol,
    mode: modeOf(options),
    hostname,
    places: options.reverse === undefined ? [place('starttls'), place('implicit')] : [place('starttls')],
    backend: targetOf(backend, backendHost),
    proxyHeader: options.proxyHeader ?? null,
    isProxy: () => options.behindProxy === true,
    limits: { ...limits, ...options.limits },
    patience: { ...patience, ...options.patience },
  };
}

function modeOf({
  reverse,
  keyPairs = [],
  tls,
  clientCertificates,
  requireTls,
  xclient,
}: TestGatewayOptions): GatewaySettings['mode'] {
  if (reverse !== undefined) {
    return {
      kind: 'reverse',
      serverName: hostOf(reverse.serverName),
      context: outgoingContext([reverse.ca]),
    };
  }
  return {
    kind: 'front',
    certificates: openCertificates(keyPairs, { ...defaultIncoming, ...tls }),
    clientCertificates: clientCertificates ?? null,
    requireTls: requireTls ?? false,
    xclient: xclient ?? false,
  };
}

function targetOf(backend: number | string, host: string): BackendTarget {
  if (typeof backend === 'string') return { kind: 'unix', path: backend };
  return { kind: 'tcp', host: hostOf(host), port: backend };
}

function hostOf(text: string): Extract<BackendTarget, { kind: 'tcp' }>['host'] {
  const host = parseHost(text);
  if (host.kind !== 'ok') throw new Error(host.because);
  return host.value;
}

function countersInto(counted: string[]): Counters {
  return {
    opened: () => void counted.push('opened'),
    refused: () => void counted.push('refused'),
    handshake: (_name, version) => void counted.push(`handshake ${version ?? 'failed'}`),
    exposed: () => void counted.push('exposed'),
    closed: (_name, { by }) => void counted.push(`closed ${by}`),
  };
}

function keep(list: readonly LoggedEvent[], events: ConnectionEvent[], exposed: CredentialEvent[]): void {
  for (const event of list) {
    if (event.event === 'connection') events.push(event);
    else if (event.event === 'credential-exposed') exposed.push(event);
  }
}
