/** HAProxy in a sandbox: implicit TLS in front of a server that has none; it knows no STARTTLS. */
import type { Between, FrontOptions } from './between.ts';
import { freePort } from './ports.ts';
import { startServer } from './server.ts';

/** How an HAProxy is set up. */
export interface HaproxyOptions extends FrontOptions {
  /** By default 1. */
  readonly threads?: number;
  /** Clients at once; by default 1000. */
  readonly connections?: number;
  /** Tells the server the client's address by this version of the PROXY protocol. */
  readonly proxy?: 1 | 2;
}

const logFile = '/var/log/haproxy.log';

/** Starts HAProxy and waits until it accepts connections. */
export async function startHaproxy(root: string, options: HaproxyOptions): Promise<Between> {
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const { certPem, keyPem } = options.certificate;
  const { sandbox, log } = await startServer(root, {
    name: 'haproxy',
    launch: `exec haproxy -db -f /peer/haproxy.cfg >${logFile} 2>&1`,
    address,
    port,
    logs: [logFile],
    files: {
      '/peer/haproxy.cfg': configuration(address, port, options),
      '/peer/shown.pem': `${certPem}${keyPem}`,
    },
  });
  return { address, port, log, close: sandbox.close };
}

function configuration(address: string, port: number, options: HaproxyOptions): string {
  const { to, threads = 1, connections = 1000, proxy } = options;
  const sent = proxy === undefined ? '' : { 1: ' send-proxy', 2: ' send-proxy-v2' }[proxy];
  return `
global
  maxconn ${connections}
  nbthread ${threads}
  ssl-default-bind-options ssl-min-ver TLSv1.2
  log stderr format raw local0
defaults
  mode tcp
  log global
  option tcplog
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen front
  bind ${address}:${port} ssl crt /peer/shown.pem
  server behind ${to.host}:${to.port}${sent}
`;
}
