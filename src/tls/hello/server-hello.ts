/**
 * ServerHello and HelloRetryRequest, which have one form (RFC 8446 §4.1.3, §4.1.4; RFC 5246 §7.4.1.3; RFC 6101 §5.6.1.3).
 *
 * A server may only take what it was offered: that it takes anything else is told as a breach, beside what it took.
 */
import { type ClientHelloSpec, greaseValue, offeredExtensions } from './client-hello.ts';
import { type Extension, extensionTypes as types } from './extension-types.ts';
import { groupName, groups } from './groups.ts';
import { type Cursor, type Reading, read } from './octets.ts';
import { suiteName } from './suites.ts';
import { SSL_3, TLS_1_2, TLS_1_3, type TlsVersion, versionName } from './versions.ts';

export interface ServerHello {
  readonly kind: 'server-hello';
  /** Agreed on: selected_version, or legacy_version where there is none. */
  readonly version: number;
  readonly legacyVersion: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly suite: number;
  readonly compression: number;
  /** All of them, in their order. */
  readonly extensions: readonly Extension[];
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
  /** Whether it knows of secure renegotiation (RFC 5746 §3.6); TLS 1.3 has no renegotiation. */
  readonly renegotiationInfo: boolean;
  /** The protocol of ALPN; null where none was taken, and in TLS 1.3, where it comes later. */
  readonly alpn: string | null;
  /** Of TLS 1.3; null in older versions. */
  readonly keyShare: { readonly group: number; readonly key: Uint8Array } | null;
  /** The least that the server could have spoken, by its own word in the random (RFC 8446 §4.1.3); null: it says nothing. */
  readonly couldSpeak: Extract<TlsVersion, 'TLSv1.2' | 'TLSv1.3'> | null;
}

export interface HelloRetryRequest {
  readonly kind: 'hello-retry-request';
  readonly version: number;
  readonly suite: number;
  /** The group that the server wants a key share of; null where it is content with those that it got. */
  readonly group: number | null;
  readonly cookie: Uint8Array | null;
  readonly extensions: readonly Extension[];
}

/** SHA-256 of "HelloRetryRequest", RFC 8446 §4.1.3. */
const RETRY = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';
/** "DOWNGRD" and 1 (from TLS 1.3 to 1.2) or 0 (to TLS 1.1 and older): the last octets of the random. */
const DOWNGRADED_TO_12 = '444f574e47524401';
const DOWNGRADED_FURTHER = '444f574e47524400';

/** RFC 8446 §4.2: in a ServerHello of TLS 1.3, where all others come later and encrypted. */
const inNewHello: readonly number[] = [types.supported_versions, types.key_share];
/** RFC 6066 §3 and §8, RFC 7627 §5.1, RFC 7366 §2: from a server they only say yes. */
const alwaysEmpty: readonly number[] = [
  types.server_name,
  types.status_request,
  types.extended_master_secret,
  types.encrypt_then_mac,
];

interface Head {
  readonly legacyVersion: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly suite: number;
  readonly compression: number;
  readonly extensions: readonly Extension[];
}

/** @param body of the message, without its type and length. */
export function readServerHello(
  body: Uint8Array,
  offer: ClientHelloSpec,
): Reading<ServerHello | HelloRetryRequest> {
  const head = readHead(body);
  if (head === undefined) return { value: null, breach: 'a ServerHello whose lengths do not add up' };
  if (hex(head.random) === RETRY) return readRetry(head, offer);
  const data = (type: number): Uint8Array | undefined => find(head, type);
  const selected = selectedVersion(head);
  const version = selected ?? head.legacyVersion;
  const value: ServerHello = {
    kind: 'server-hello',
    version,
    ...head,
    extendedMasterSecret: data(types.extended_master_secret) !== undefined,
    encryptThenMac: data(types.encrypt_then_mac) !== undefined,
    renegotiationInfo: data(types.renegotiation_info) !== undefined,
    alpn: readAlpn(data(types.application_layer_protocol_negotiation)) ?? null,
    keyShare: readKeyShare(data(types.key_share)) ?? null,
    couldSpeak: downgradeOf(head.random, version),
  };
  return { value, breach: breachOf(value, offer) ?? null };
}

function readHead(body: Uint8Array): Head | undefined {
  const cursor = read(body);
  const head = {
    legacyVersion: cursor.number(2),
    random: cursor.bytes(32),
    sessionId: cursor.vector(1, 0, 32),
    suite: cursor.number(2),
    compression: cursor.number(1),
  };
  // Servers older than extensions end here, and so do others that have none to send (RFC 5246 §7.4.1.3).
  const block = cursor.hasMore() ? read(cursor.vector(2)) : undefined;
  const extensions = block === undefined ? [] : readExtensions(block);
  return cursor.isRead() && extensions !== undefined ? { ...head, extensions } : undefined;
}

function readExtensions(block: Cursor): readonly Extension[] | undefined {
  const extensions: Extension[] = [];
  while (block.hasMore()) extensions.push({ type: block.number(2), data: block.vector(2) });
  return block.isRead() ? extensions : undefined;
}

function readRetry(head: Head, offer: ClientHelloSpec): Reading<HelloRetryRequest> {
  const group = find(head, types.key_share);
  const cookie = find(head, types.cookie);
  const value: HelloRetryRequest = {
    kind: 'hello-retry-request',
    version: selectedVersion(head) ?? head.legacyVersion,
    suite: head.suite,
    group: group?.length === 2 ? read(group).number(2) : null,
    cookie: cookie === undefined ? null : read(cookie).vector(2, 1),
    extensions: head.extensions,
  };
  return { value, breach: breachOfRetry(value, head, offer) ?? null };
}

/** RFC 8446 §4.1.4: what a client has to check. */
function breachOfRetry(
  { version, group, cookie }: HelloRetryRequest,
  head: Head,
  offer: ClientHelloSpec,
): string | undefined {
  const common = breachOfHead(head, version, offer, [...inNewHello, types.cookie]);
  if (common !== undefined) return common;
  if (version !== TLS_1_3) return `a HelloRetryRequest of ${nameOf(version)}`;
  if (cookie?.length === 0) return 'a HelloRetryRequest with an empty cookie';
  if (find(head, types.key_share) !== undefined && group === null)
    return 'a HelloRetryRequest whose key_share is no group';
  if (group === null) return cookie === null ? 'a HelloRetryRequest that asks for nothing' : undefined;
  if (!isOffered(group, offer.groups ?? [], offer))
    return `a HelloRetryRequest for ${groupName(group)}, which was not offered`;
  return offer.keyShares?.some((share) => share.group === group) === true
    ? `a HelloRetryRequest for ${groupName(group)}, of which it has a share already`
    : undefined;
}

function breachOf(hello: ServerHello, offer: ClientHelloSpec): string | undefined {
  const { version, extensions } = hello;
  const allowed = version === TLS_1_3 ? inNewHello : offeredExtensions(offer);
  const common = breachOfHead(hello, version, offer, allowed);
  if (common !== undefined) return common;
  const filled = extensions.find(({ type, data }) => alwaysEmpty.includes(type) && data.length > 0);
  if (filled !== undefined) return `a ServerHello whose extension ${filled.type} is not empty`;
  // RFC 5746 §3.4: in the first handshake there is nothing to repeat.
  const info = find(hello, types.renegotiation_info);
  if (info !== undefined && hex(info) !== '00') return 'a ServerHello that renegotiates what never was';
  if (version === TLS_1_3) return breachOfKeyShare(hello, offer);
  // RFC 8446 §4.2.1: versions before TLS 1.3 are agreed on by legacy_version alone.
  if (find(hello, types.supported_versions) !== undefined)
    return `a ServerHello of ${nameOf(version)} with supported_versions`;
  if (find(hello, types.key_share) !== undefined)
    return `a ServerHello of ${nameOf(version)} with a key share`;
  const protocol = find(hello, types.application_layer_protocol_negotiation);
  const isForeign = hello.alpn === null || offer.alpn?.includes(hello.alpn) !== true;
  return protocol !== undefined && isForeign
    ? 'a ServerHello with a protocol that was not offered'
    : undefined;
}

/** What holds for both messages (RFC 8446 §4.1.3, §4.2; RFC 5246 §7.4.1.3, §7.4.1.4). */
function breachOfHead(
  head: Head,
  version: number,
  offer: ClientHelloSpec,
  allowed: readonly number[],
): string | undefined {
  const { legacyVersion, suite, compression, sessionId } = head;
  const known = head.extensions.map(({ type }) => type);
  if (!isVersionOffered(version, legacyVersion, offer))
    return `a ServerHello of ${nameOf(version)}, which was not offered`;
  if (!isOffered(suite, offer.suites, offer))
    return `a ServerHello with ${suiteName(suite)}, which was not offered`;
  if (!offer.compression.includes(compression))
    return `a ServerHello with the compression ${compression}, which was not offered`;
  if (new Set(known).size < known.length) return 'a ServerHello with an extension that it has twice';
  const further = known.find((type) => !allowed.includes(type) && !isAnswerToScsv(type, offer));
  if (further !== undefined) return `a ServerHello with the extension ${further}, which was not offered`;
  if (version !== TLS_1_3) return undefined;
  if (compression !== 0) return 'a ServerHello of TLSv1.3 with compression';
  return hex(sessionId) === hex(offer.sessionId)
    ? undefined
    : 'a ServerHello of TLSv1.3 with another session';
}

/** RFC 8446 §4.2.8: from a group of which the server got a share. */
function breachOfKeyShare({ keyShare }: ServerHello, offer: ClientHelloSpec): string | undefined {
  if (keyShare === null) return 'a ServerHello of TLSv1.3 without a key share';
  const { group, key } = keyShare;
  if (offer.keyShares?.some((share) => share.group === group) !== true)
    return `a ServerHello with a share of ${groupName(group)}, of which it got none`;
  const octets = groups.get(group)?.share?.server ?? key.length;
  return key.length === octets
    ? undefined
    : `a ServerHello with a share of ${groupName(group)} of ${key.length} octets`;
}

function isVersionOffered(version: number, legacyVersion: number, offer: ClientHelloSpec): boolean {
  if (version === TLS_1_3)
    return legacyVersion === TLS_1_2 && offer.supportedVersions?.includes(version) === true;
  // A server that does not know supported_versions takes the highest that it has up to legacy_version.
  return versionName(version) !== undefined && version >= SSL_3 && version <= offer.legacyVersion;
}

/** RFC 8701 §3: values that mean nothing are not for taking. */
function isOffered(value: number, offered: readonly number[], { grease }: ClientHelloSpec): boolean {
  return offered.includes(value) && !(grease !== null && value === greaseValue(grease));
}

/** RFC 5746 §3.6: the suite that stands for the extension is answered by it. */
function isAnswerToScsv(type: number, { renegotiation }: ClientHelloSpec): boolean {
  return type === types.renegotiation_info && renegotiation === 'scsv';
}

function selectedVersion(head: Head): number | undefined {
  const data = find(head, types.supported_versions);
  return data?.length === 2 ? read(data).number(2) : undefined;
}

function readAlpn(data: Uint8Array | undefined): string | undefined {
  if (data === undefined) return undefined;
  const cursor = read(data);
  const list = read(cursor.vector(2));
  const name = list.vector(1, 1);
  return cursor.isRead() && list.isRead() ? Buffer.from(name).toString('latin1') : undefined;
}

function readKeyShare(data: Uint8Array | undefined): ServerHello['keyShare'] | undefined {
  if (data === undefined) return undefined;
  const cursor = read(data);
  const keyShare = { group: cursor.number(2), key: cursor.vector(2, 1) };
  return cursor.isRead() ? keyShare : undefined;
}

function downgradeOf(random: Uint8Array, version: number): ServerHello['couldSpeak'] {
  const end = hex(random.subarray(24));
  if (end === DOWNGRADED_TO_12 && version === TLS_1_2) return 'TLSv1.3';
  return end === DOWNGRADED_FURTHER && version < TLS_1_2 ? 'TLSv1.2' : null;
}

function find({ extensions }: Pick<Head, 'extensions'>, wanted: number): Uint8Array | undefined {
  return extensions.find(({ type }) => type === wanted)?.data;
}

function nameOf(version: number): string {
  return versionName(version) ?? `version 0x${version.toString(16).padStart(4, '0')}`;
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
