/** A client's hello as a server of the zoo reads it, and what it says in answer by hand. RFC 5246 §7.4, RFC 8446 §4.1. */

export interface Hello {
  readonly kind: 'tls' | 'sslv2';
  /** client_version, or legacy_version. */
  readonly version: number;
  /** supported_versions, or the one above. */
  readonly versions: readonly number[];
  readonly sessionId: Buffer;
  readonly suites: readonly number[];
  readonly compression: readonly number[];
  readonly groups: readonly number[];
  /** Octets, with the headers of its records. */
  readonly length: number;
}

const HEADER = 5;

/** How many octets the first record has; undefined where they have not come. */
export function recordLength(octets: Buffer): number | undefined {
  if (octets.length < HEADER) return undefined;
  if ((octets[0] ?? 0) >= 0x80) return 2 + (octets.readUInt16BE(0) & 0x7fff);
  return HEADER + octets.readUInt16BE(3);
}

/** @param octets of one record. */
export function readHello(octets: Buffer): Hello {
  if ((octets[0] ?? 0) >= 0x80) {
    const version = octets.readUInt16BE(3);
    return {
      kind: 'sslv2',
      version,
      versions: [version],
      sessionId: Buffer.alloc(0),
      suites: [],
      compression: [],
      groups: [],
      length: octets.length,
    };
  }
  const body = octets.subarray(HEADER + 4);
  const version = body.readUInt16BE(0);
  let at = 34;
  const take = (width: 1 | 2): Buffer => {
    const length = width === 1 ? body.readUInt8(at) : body.readUInt16BE(at);
    at += width + length;
    return body.subarray(at - length, at);
  };
  const sessionId = take(1);
  const suites = words(take(2));
  const compression = [...take(1)];
  const block = at < body.length ? take(2) : Buffer.alloc(0);
  const extensions = new Map<number, Buffer>();
  for (let from = 0; from + 4 <= block.length; ) {
    const length = block.readUInt16BE(from + 2);
    extensions.set(block.readUInt16BE(from), block.subarray(from + 4, from + 4 + length));
    from += 4 + length;
  }
  const supported = extensions.get(43);
  return {
    kind: 'tls',
    version,
    versions: supported === undefined ? [version] : words(supported.subarray(1)),
    sessionId,
    suites,
    compression,
    groups: words(extensions.get(10)?.subarray(2) ?? Buffer.alloc(0)),
    length: octets.length,
  };
}

function words(octets: Buffer): number[] {
  return Array.from({ length: Math.floor(octets.length / 2) }, (_, at) => octets.readUInt16BE(2 * at));
}

export interface ServerHelloParts {
  readonly version?: number;
  readonly suite: number;
  readonly compression?: number;
  /** Hex, by type; by default renegotiation_info and extended_master_secret. */
  readonly extensions?: Readonly<Record<number, string>>;
  /** The last octets of the random; by default the word that TLS 1.3 could have been spoken. */
  readonly random?: string;
}

const USUAL = { 0xff01: '00', 0x0017: '' } as const;
const COULD_SPEAK_13 = '444f574e47524401';

/** A record with a ServerHello of TLS 1.2 or older. */
export function serverHello({
  version = 0x0303,
  suite,
  compression = 0,
  extensions = USUAL,
  random = COULD_SPEAK_13,
}: ServerHelloParts): Buffer {
  const all = Object.entries(extensions).map(([type, data]) =>
    Buffer.concat([u16(Number(type)), vector(2, Buffer.from(data, 'hex'))]),
  );
  const end = Buffer.from(random, 'hex');
  const body = Buffer.concat([
    u16(version),
    Buffer.alloc(32 - end.length, 0xa5),
    end,
    vector(1, Buffer.alloc(0)),
    u16(suite),
    Buffer.of(compression),
    ...(all.length === 0 ? [] : [vector(2, Buffer.concat(all))]),
  ]);
  return record(version, message(2, body));
}

/** SHA-256 of "HelloRetryRequest", RFC 8446 §4.1.3. */
const RETRY = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';

/** A record with a HelloRetryRequest for that group. */
export function helloRetryRequest({ sessionId }: Hello, suite: number, group: number): Buffer {
  const extensions = [
    [43, Buffer.of(3, 4)],
    [51, u16(group)],
  ] as const;
  const block = extensions.map(([type, data]) => Buffer.concat([u16(type), vector(2, data)]));
  const body = Buffer.concat([
    u16(0x0303),
    Buffer.from(RETRY, 'hex'),
    vector(1, sessionId),
    u16(suite),
    Buffer.of(0),
    vector(2, Buffer.concat(block)),
  ]);
  return record(0x0303, message(2, body));
}

/** A record with that certificate alone. */
export function certificate(der: Uint8Array): Buffer {
  return record(0x0303, message(11, vector(3, vector(3, der))));
}

/** A key exchange over that prime, with a signature that nobody looks at. */
export function primeExchange(prime: Uint8Array): Buffer {
  const keys = Buffer.concat([vector(2, prime), vector(2, Buffer.of(2)), vector(2, Buffer.of(9, 9))]);
  return record(0x0303, message(12, Buffer.concat([keys, signature()])));
}

/** A key exchange over a named curve. */
export function curveExchange(group: number): Buffer {
  const keys = Buffer.concat([Buffer.of(3), u16(group), vector(1, Buffer.of(4, 9, 9))]);
  return record(0x0303, message(12, Buffer.concat([keys, signature()])));
}

/** SERVER-HELLO of SSL 2.0, with that kind of cipher. */
export function sslv2ServerHello(der: Uint8Array, cipherKind: number): Buffer {
  const [kind, connection] = [Buffer.alloc(3), Buffer.alloc(16, 7)];
  kind.writeUIntBE(cipherKind, 0, 3);
  const lengths = [der, kind, connection].map(({ length }) => u16(length));
  const body = Buffer.concat([Buffer.of(4, 0, 1, 0, 2), ...lengths, der, kind, connection]);
  return Buffer.concat([u16(0x8000 + body.length), body]);
}

/** ecdsa_secp256r1_sha256. */
function signature(): Buffer {
  return Buffer.concat([u16(0x0403), vector(2, Buffer.alloc(70, 1))]);
}

function record(version: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(22), u16(version), vector(2, content)]);
}

function message(type: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(type), vector(3, body)]);
}

function vector(width: 1 | 2 | 3, content: Uint8Array): Buffer {
  const length = Buffer.alloc(width);
  length.writeUIntBE(content.length, 0, width);
  return Buffer.concat([length, content]);
}

function u16(value: number): Buffer {
  const octets = Buffer.alloc(2);
  octets.writeUInt16BE(value);
  return octets;
}
