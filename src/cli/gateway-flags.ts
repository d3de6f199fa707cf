/** From the flags of `waxwing gateway` to what a `[[gateway]]` of the configuration would say. */
import { resolve } from 'node:path';
import type { GatewayConfig } from './config/config.ts';
import { explain } from './config/load.ts';
import { gateway as gatewaySchema } from './config/schema/gateway.ts';
import { toGateway } from './config/settle-gateway.ts';

/** Those that are keys of a `[[gateway]]`, as commander has them. */
export interface GatewayFlags {
  readonly protocol: string;
  readonly name?: string;
  readonly listen?: string;
  readonly tlsListen?: string;
  readonly backend: string;
  readonly requireTls?: true;
  readonly reverse?: true;
  readonly serverName?: string;
  readonly proxyProtocol?: string;
  readonly proxy?: readonly string[];
  readonly xclient?: true;
  readonly clientCa?: string;
  readonly clientCertificate?: string;
  readonly clientAllow?: readonly string[];
  readonly minVersion?: string;
  readonly ciphers?: string;
  readonly groups?: string;
  readonly connections?: string;
  readonly connectionsPerAddress?: string;
  readonly connectionsPerMinute?: string;
  readonly clearTimeout?: string;
  readonly connectTimeout?: string;
  readonly idleTimeout?: string;
  readonly sessionTimeout?: string;
}

export type FlagsRead =
  | { readonly kind: 'ok'; readonly value: GatewayConfig }
  /** Everything that is wrong, one sentence each. */
  | { readonly kind: 'invalid'; readonly because: readonly string[] };

/** The same rules hold as in the configuration; what is wrong is named by its flag. */
export function gatewayOfFlags(flags: GatewayFlags): FlagsRead {
  const parsed = gatewaySchema.safeParse(tableOf(flags), { error: explain });
  if (!parsed.success) {
    const because = parsed.error.issues.map(
      ({ path, message }) => `${flagOf(String(path[0]))} ${asFlags(message)}`,
    );
    return { kind: 'invalid', because };
  }
  const absolute = (_path: string, written: string): string => resolve(written);
  return { kind: 'ok', value: toGateway(parsed.data, 'gateway', { absolute }) };
}

function tableOf(flags: GatewayFlags): Record<string, unknown> {
  return {
    protocol: flags.protocol,
    name: flags.name,
    reverse: flags.reverse,
    listen: flags.listen,
    tls_listen: flags.tlsListen,
    backend: flags.backend,
    server_name: flags.serverName,
    require_tls: flags.requireTls,
    xclient: flags.xclient,
    proxy_protocol: flags.proxyProtocol,
    proxy: flags.proxy,
    client_ca: flags.clientCa,
    client_certificate: flags.clientCertificate,
    client_allow: flags.clientAllow,
    min_version: flags.minVersion,
    ciphers: flags.ciphers,
    groups: flags.groups,
    connections: numberOf(flags.connections),
    connections_per_address: numberOf(flags.connectionsPerAddress),
    connections_per_minute: numberOf(flags.connectionsPerMinute),
    clear_timeout: flags.clearTimeout,
    connect_timeout: flags.connectTimeout,
    idle_timeout: flags.idleTimeout,
    session_timeout: flags.sessionTimeout,
  };
}

/** What is no number stays text, for the schema to refuse. */
function numberOf(text: string | undefined): number | string | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : text;
}

function flagOf(key: string): string {
  return `--${key.replaceAll('_', '-')}`;
}

/** Rules speak of keys of the configuration. */
function asFlags(message: string): string {
  return message
    .replace(/\b(?:tls_listen|server_name|client_ca|proxy_protocol)\b/g, (key) => flagOf(key))
    .replace(/\bwith reverse\b/g, 'with --reverse');
}
