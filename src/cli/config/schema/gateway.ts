/** `[[gateway]]`: TLS for servers that have none, and verified TLS for clients that have none. */
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { type GatewayProtocol, gatewayProtocols } from '../../../gateway/settings.ts';
import { isLoopback } from '../../../names/address.ts';
import { wordsOf } from '../../../net/error.ts';
import type { GatewayConfig, GatewayFront, ListenAddress } from '../config.ts';
import { parseBackend, parseClientRule, parseServerName } from '../gateway-values.ts';
import { parseDuration, parseListenAddress, parseNetwork, parsePath } from '../values.ts';
import { type Complain, complaints, count, list, text } from './kit.ts';

const MANY = 1_000_000;
const FTP =
  'cannot be "ftp": an FTP session has data connections of its own, on ports that both ends agree on inside TLS';

const written = z.strictObject({
  protocol: z
    .enum(gatewayProtocols, {
      error: ({ input }) =>
        input === 'ftp'
          ? FTP
          : `must be ${gatewayProtocols.map((name) => JSON.stringify(name)).join(' or ')}`,
    })
    .meta({ description: 'What client and backend speak.', examples: ['imap'] }),
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
      error: 'must be 1 to 64 letters, digits, ".", "_" or "-", a letter or digit first',
    })
    .optional()
    .describe('Name in events and metrics. Default: the protocol.'),
  reverse: z
    .boolean()
    .default(false)
    .describe(
      'false: TLS for clients, in front of a backend that has none. true: verified TLS to the backend, for clients of this host that have none.',
    ),
  listen: text(parseListenAddress, '0.0.0.0:143')
    .optional()
    .describe(
      'IP address and port where clients begin in clear and are offered STARTTLS; port 0 lets the system choose.',
    ),
  tls_listen: text(parseListenAddress, '0.0.0.0:993')
    .optional()
    .describe('IP address and port where TLS comes first.'),
  backend: text(parseBackend, '127.0.0.1:1143', 'unix:/run/imap.sock').describe(
    'Where the server is: address:port, localhost:port or unix:/path; with reverse also name:port.',
  ),
  server_name: text(parseServerName)
    .optional()
    .describe('With reverse: the name (or address) that the certificate of the server must prove.'),
  cert: text(parsePath)
    .optional()
    .describe(
      'File with the certificate chain, PEM, that clients are shown. Default: those of [tls] and [[certificate]].',
    ),
  key: text(parsePath).optional().describe('File with its private key, PEM, not encrypted.'),
  require_tls: z
    .boolean()
    .optional()
    .describe('For smtp: whether nothing is passed on in clear. All other protocols require TLS.'),
  xclient: z
    .boolean()
    .default(false)
    .describe('For smtp, submission and lmtp: whether the backend is told by XCLIENT who the client is.'),
  proxy_protocol: z
    .enum(['v1', 'v2'])
    .optional()
    .meta({
      description:
        'Version of the PROXY header by which the backend is told who the client is. Default: none.',
      examples: ['v2'],
    }),
  proxy: list(text(parseNetwork), 'network')
    .optional()
    .describe(
      'Proxies: whoever connects from here has to begin with a PROXY header (version 1 or 2), and the address in it counts as the client.',
    ),
  client_ca: text(parsePath, '/etc/waxwing/clients.pem')
    .optional()
    .describe('File with the roots, PEM, of certificates of clients; without it none is asked for.'),
  client_certificate: z
    .enum(['optional', 'required'])
    .optional()
    .meta({
      description:
        'Whether a client has to present one. One that is presented has to be valid. Default: required.',
      examples: ['required'],
    }),
  client_allow: list(text(parseClientRule, 'client.example.net'), 'client')
    .optional()
    .describe(
      'Which of these are taken: names that they prove, or sha256: and the digest of the certificate. Default: all.',
    ),
  min_version: z.enum(['1.2', '1.3']).default('1.2').describe('Lowest version of TLS with clients.'),
  ciphers: z
    .string()
    .optional()
    .meta({
      description: 'Cipher suites with clients, as OpenSSL lists them; those of TLS 1.3 by their names.',
      examples: ['TLS_AES_256_GCM_SHA384:ECDHE+AESGCM'],
    }),
  groups: z
    .string()
    .optional()
    .meta({
      description: 'Groups of the key exchange with clients, as OpenSSL lists them, the most wanted first.',
      examples: ['X25519MLKEM768:X25519:P-256'],
    }),
  connections: count(1, MANY).default(10_000).describe('Connections at once.'),
  connections_per_address: count(1, MANY)
    .default(100)
    .describe(
      'Connections at once from one address (IPv6: one /64). With reverse all clients are of this host, and not counted.',
    ),
  connections_per_minute: count(1, MANY).default(600).describe('New connections a minute from one address.'),
  clear_timeout: text(parseDuration)
    .prefault('5m')
    .describe('How long a connection may take until it is inside TLS, and again until it has its backend.'),
  connect_timeout: text(parseDuration)
    .prefault('30s')
    .describe('How long it may take to reach the backend, TLS with it included.'),
  idle_timeout: text(parseDuration)
    .prefault('12h')
    .describe('How long neither side may say anything, once the backend is there.'),
  session_timeout: text(parseDuration, '7d')
    .optional()
    .describe('How long a connection may last. Default: as long as it is used.'),
});

type Written = z.output<typeof written>;

/** For a handshake with a client, ms. */
const HANDSHAKE_MS = 30_000;

export const gateway = written.transform((table, context): GatewayConfig => {
  const complain = complaints(context);
  checkPlaces(table, complain);
  checkBackend(table, complain);
  checkCircle(table, complain);
  const { protocol, name, proxy, listen, tls_listen: implicit } = table;
  const place = (at: ListenAddress | undefined, tls: 'starttls' | 'implicit') =>
    at === undefined ? [] : [{ ...at, tls }];
  return {
    name: name ?? protocol,
    protocol,
    mode: table.reverse ? reverseOf(table, complain) : frontOf(table, complain),
    places: [...place(listen, 'starttls'), ...place(implicit, 'implicit')],
    backend: table.backend,
    proxyHeader: table.proxy_protocol ?? null,
    proxies: proxy ?? [],
    limits: {
      connections: table.connections,
      connectionsPerAddress: table.connections_per_address,
      connectionsPerMinute: table.connections_per_minute,
    },
    patience: {
      clear: table.clear_timeout,
      handshake: HANDSHAKE_MS,
      connect: table.connect_timeout,
      idle: table.idle_timeout,
      session: table.session_timeout ?? Number.POSITIVE_INFINITY,
    },
  };
});

function checkPlaces({ listen, tls_listen: implicit, reverse }: Written, complain: Complain): void {
  if (listen === undefined && implicit === undefined) complain('listen', 'is missing, and so is tls_listen');
  if (!reverse) return;
  if (implicit !== undefined)
    complain('tls_listen', 'cannot be given with reverse: the clients are plain ones');
  if (listen !== undefined && !isLoopback(listen.address)) {
    complain(
      'listen',
      `cannot be ${listen.address} with reverse: what comes in clear must not come over the network; use 127.0.0.1 or [::1]`,
    );
  }
}

function checkBackend({ backend, reverse }: Written, complain: Complain): void {
  if (backend.kind === 'unix') {
    if (reverse)
      complain('backend', 'cannot be a unix socket with reverse: there TLS has nothing to protect');
    return;
  }
  const { host } = backend;
  if (reverse || host.kind === 'ip' || host.name === 'localhost') return;
  complain(
    'backend',
    `cannot be the name ${host.name}: what is passed on in clear goes to an address, to localhost or to a unix socket`,
  );
}

/** What a gateway passes on to itself goes round until every connection is taken. */
function checkCircle({ backend, listen, tls_listen: implicit }: Written, complain: Complain): void {
  if (backend.kind === 'unix') return;
  const { host, port } = backend;
  const isItself = (place: ListenAddress): boolean => {
    if (place.port !== port) return false;
    const here = host.kind === 'name' ? host.name === 'localhost' : isLoopback(host.address);
    if (isEverywhere(place.address)) return here;
    return host.kind === 'ip' ? host.address === place.address : here && isLoopback(place.address);
  };
  if ([listen, implicit].some((place) => place !== undefined && isItself(place)))
    complain('backend', 'is where this gateway itself listens');
}

function isEverywhere(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function reverseOf(table: Written, complain: Complain): GatewayConfig['mode'] {
  const ofFront = [
    'cert',
    'key',
    'require_tls',
    'proxy_protocol',
    'client_ca',
    'client_certificate',
    'client_allow',
    'ciphers',
    'groups',
  ] as const;
  for (const key of ofFront) {
    if (table[key] !== undefined) complain(key, 'cannot be given with reverse');
  }
  if (table.xclient) complain('xclient', 'cannot be given with reverse');
  const { server_name: serverName } = table;
  if (serverName === undefined) {
    complain('server_name', 'is missing: with reverse it is what the certificate of the server must prove');
    return { kind: 'reverse', serverName: { kind: 'ip', address: '0.0.0.0' } };
  }
  return { kind: 'reverse', serverName };
}

function frontOf(table: Written, complain: Complain): GatewayFront {
  const { cert, key, ciphers, groups, protocol } = table;
  if (table.server_name !== undefined)
    complain('server_name', 'is only for reverse: nobody is verified here');
  if ((cert === undefined) !== (key === undefined)) {
    const [missing, given] = cert === undefined ? ['cert', 'key'] : ['key', 'cert'];
    complain(missing, `is missing beside ${given}`);
  }
  const minVersion = table.min_version === '1.3' ? 'TLSv1.3' : 'TLSv1.2';
  if (ciphers !== undefined) checkByOpenSsl('ciphers', { ciphers }, complain);
  if (groups !== undefined) checkByOpenSsl('groups', { ecdhCurve: groups }, complain);
  if (table.xclient && !hasXclient(protocol)) complain('xclient', `is not part of ${protocol}`);
  return {
    kind: 'front',
    files: cert === undefined || key === undefined ? null : { certFile: cert, keyFile: key },
    clientCertificates: clientCertificatesOf(table, complain),
    tls: { minVersion, ciphers: ciphers ?? null, groups: groups ?? null },
    requireTls: requireTlsOf(table, complain),
    xclient: table.xclient,
  };
}

function requireTlsOf({ protocol, require_tls: wanted, listen }: Written, complain: Complain): boolean {
  if (protocol !== 'smtp') {
    if (wanted === false)
      complain('require_tls', `cannot be false for ${protocol}: logins and mail would go in clear`);
    return true;
  }
  if (wanted === true && listen?.port === 25 && !isLoopback(listen.address)) {
    complain(
      'require_tls',
      'port 25 cannot require TLS: "A publicly-referenced SMTP server MUST NOT require use of the STARTTLS extension in order to deliver mail locally" (RFC 3207 §4)',
    );
  }
  return wanted ?? false;
}

function clientCertificatesOf(
  { client_ca: caFile, client_certificate: wanted, client_allow: allowed }: Written,
  complain: Complain,
): GatewayFront['clientCertificates'] {
  if (caFile === undefined) {
    if (wanted !== undefined) complain('client_certificate', 'needs client_ca: nobody could vouch for one');
    if (allowed !== undefined) complain('client_allow', 'needs client_ca: nobody could vouch for one');
    return null;
  }
  return { caFile, required: wanted !== 'optional', allowed: allowed ?? [] };
}

function hasXclient(protocol: GatewayProtocol): boolean {
  return protocol === 'smtp' || protocol === 'submission' || protocol === 'lmtp';
}

/** OpenSSL alone knows what its lists may hold. */
function checkByOpenSsl(
  key: string,
  options: { readonly ciphers?: string; readonly ecdhCurve?: string },
  complain: Complain,
): void {
  try {
    createSecureContext(options);
  } catch (error) {
    complain(key, `is not taken by OpenSSL: ${wordsOf(error)}`);
  }
}
