/**
 * ClientHello, in every form that a client may say it and some that no client does (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2,
 * RFC 6101 §5.6.1.2): written octet by octet, as OpenSSL would not.
 */
import { type Extension, extensionTypes as types } from './extension-types.ts';
import { number, numbers, vector } from './octets.ts';
import { FALLBACK_SCSV, RENEGOTIATION_SCSV } from './suite-names.ts';

/** A field that is null is left out; where all of them are, there are no extensions at all. */
export interface ClientHelloSpec {
  readonly kind: 'tls';
  /** Of the record around it: 0x0301, that old servers do not mind it (RFC 8446 §5.1). */
  readonly recordVersion: number;
  /** legacy_version: the highest that the client speaks, up to TLS 1.2. */
  readonly legacyVersion: number;
  /** supported_versions, the most wanted first. */
  readonly supportedVersions: readonly number[] | null;
  /** 32 octets. */
  readonly random: Uint8Array;
  /** Up to 32 octets. */
  readonly sessionId: Uint8Array;
  /** Cipher suites, the most wanted first; those that only signal something come from the fields below. */
  readonly suites: readonly number[];
  /** Compression methods, the most wanted first: 0 is none, 1 is DEFLATE (RFC 3749 §2). */
  readonly compression: readonly number[];
  /** SNI: a name in ASCII, never an address (RFC 6066 §3). */
  readonly serverName: string | null;
  /** supported_groups, the most wanted first. */
  readonly groups: readonly number[] | null;
  /** key_share: none of them asks for a HelloRetryRequest (RFC 8446 §4.2.8). */
  readonly keyShares: readonly KeyShare[] | null;
  readonly signatureSchemes: readonly number[] | null;
  /** signature_algorithms_cert: what is welcome in the chain, where that is something else (RFC 8446 §4.2.3). */
  readonly certificateSchemes: readonly number[] | null;
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
  /** That we know of secure renegotiation: an empty renegotiation_info, or the suite that stands for it (RFC 5746 §3.4). */
  readonly renegotiation: 'extension' | 'scsv' | null;
  /** TLS_FALLBACK_SCSV: that a better version has failed before (RFC 7507 §4). */
  readonly fallback: boolean;
  /** Protocols of ALPN, the most wanted first. */
  readonly alpn: readonly string[] | null;
  /** status_request: that we take a stapled answer of OCSP. */
  readonly statusRequest: boolean;
  /** Which of the 16 values of RFC 8701 §2 stands, in no server's interest, first in every list. */
  readonly grease: number | null;
  /** Octets on the wire, records included, to which padding fills it up; one that is larger anyway has none. */
  readonly size: number | null;
}

interface KeyShare {
  readonly group: number;
  readonly key: Uint8Array;
}

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
/** RFC 8446 §5.1: octets of a record. */
const MOST_IN_RECORD = 2 ** 14;
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;

/** The hello in its record, or its records where it is larger than one. */
export function clientHello(spec: ClientHelloSpec): Uint8Array {
  const head = headOf(spec);
  const extensions = Buffer.concat(extensionsOf(spec).map(written));
  const octets = paddingOf(spec, head.length, extensions.length);
  const more = octets === null ? [] : [written({ type: types.padding, data: new Uint8Array(octets) })];
  const isBare = extensions.length === 0 && more.length === 0;
  const body = vector(3, head, ...(isBare ? [] : [vector(2, extensions, ...more)]));
  return records(spec, Buffer.concat([number(CLIENT_HELLO, 1), body]));
}

/** Octets of padding, one at least, that make the hello as large as it has to be; null: it is that large without. */
function paddingOf({ size }: ClientHelloSpec, head: number, extensions: number): number | null {
  if (size === null) return null;
  const message = MESSAGE_HEADER + head;
  if (onWire(message + (extensions === 0 ? 0 : 2 + extensions)) >= size) return null;
  const least = message + 2 + extensions + 4;
  const room = Math.max(size - onWire(least), 1);
  // The padding itself may need a further record, whose header is part of the size then.
  return Math.max(room - Math.max(onWire(least + room) - size, 0), 1);
}

/** Octets of a message in its records. */
function onWire(octets: number): number {
  return octets + RECORD_HEADER * Math.ceil(octets / MOST_IN_RECORD);
}

/** The values of RFC 8701 §2: 0x0a0a, 0x1a1a, … */
export function greaseValue(which: number): number {
  return 0x0a0a + 0x1010 * (which & 0x0f);
}

/** The suites as they stand in the hello, with those that only signal something. */
function offeredSuites({ suites, renegotiation, fallback, grease }: ClientHelloSpec): readonly number[] {
  return [
    ...greased(grease, suites),
    ...(renegotiation === 'scsv' ? [RENEGOTIATION_SCSV] : []),
    // RFC 7507 §4: behind all suites that the client wants.
    ...(fallback ? [FALLBACK_SCSV] : []),
  ];
}

function headOf(spec: ClientHelloSpec): Uint8Array {
  if (spec.random.length !== 32) throw new RangeError('the random of a ClientHello is 32 octets');
  return Buffer.concat([
    number(spec.legacyVersion, 2),
    spec.random,
    vector(1, spec.sessionId),
    vector(2, numbers(offeredSuites(spec))),
    vector(1, Uint8Array.from(spec.compression)),
  ]);
}

function records({ recordVersion }: ClientHelloSpec, whole: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < whole.length; at += MOST_IN_RECORD) {
    parts.push(
      number(HANDSHAKE, 1),
      number(recordVersion, 2),
      vector(2, whole.subarray(at, at + MOST_IN_RECORD)),
    );
  }
  return Buffer.concat(parts);
}

/** The types of the extensions that the server may answer. */
export function offeredExtensions(spec: ClientHelloSpec): readonly number[] {
  return extensionsOf({ ...spec, grease: null }).map(({ type }) => type);
}

function extensionsOf(spec: ClientHelloSpec): readonly Extension[] {
  const { grease, supportedVersions, groups, keyShares, signatureSchemes, certificateSchemes, alpn } = spec;
  const nothing = new Uint8Array();
  const list = (values: readonly number[]): Uint8Array => vector(2, numbers(greased(grease, values)));
  // An empty one never comes last: servers were seen that lose it, and the hello with it.
  return [
    ...of(greaseValue(grease ?? 0), grease, () => nothing),
    ...of(types.server_name, spec.serverName, (name) =>
      vector(2, number(0, 1), vector(2, Buffer.from(name, 'ascii'))),
    ),
    ...of(types.extended_master_secret, spec.extendedMasterSecret, () => nothing),
    ...of(types.encrypt_then_mac, spec.encryptThenMac, () => nothing),
    ...of(types.renegotiation_info, spec.renegotiation === 'extension', () => vector(1)),
    ...of(types.supported_groups, groups, list),
    // RFC 8422 §5.1.2: uncompressed, the only form that is left.
    ...of(types.ec_point_formats, groups, () => vector(1, number(0, 1))),
    ...of(types.application_layer_protocol_negotiation, alpn, (names) =>
      vector(2, ...names.map((name) => vector(1, Buffer.from(name, 'latin1')))),
    ),
    // RFC 6066 §8: ocsp, from any responder, without extensions.
    ...of(types.status_request, spec.statusRequest, () => Uint8Array.of(1, 0, 0, 0, 0)),
    ...of(types.signature_algorithms, signatureSchemes, list),
    ...of(types.signature_algorithms_cert, certificateSchemes, list),
    ...of(types.supported_versions, supportedVersions, (versions) =>
      vector(1, numbers(greased(grease, versions))),
    ),
    ...of(types.key_share, keyShares, (shares) => vector(2, ...shares.map(share))),
  ];
}

function of<Value>(
  type: number,
  value: Value | null | false,
  data: (value: Value) => Uint8Array,
): Extension[] {
  return value === null || value === false ? [] : [{ type, data: data(value) }];
}

function written({ type, data }: Extension): Uint8Array {
  return Buffer.concat([number(type, 2), vector(2, data)]);
}

function share({ group, key }: KeyShare): Uint8Array {
  return Buffer.concat([number(group, 2), vector(2, key)]);
}

function greased(grease: number | null, values: readonly number[]): readonly number[] {
  return grease === null ? values : [greaseValue(grease), ...values];
}
