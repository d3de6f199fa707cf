/**
 * The header by which a proxy tells whose connection it passes on: version 1 in text, version 2 in octets.
 *
 * HAProxy's "The PROXY protocol" §2. Exact: a header that is wrong in anything is `bad`, and its connection is closed.
 */

/** The two ends of a connection as the proxy saw them; IPv6 in its canonical text, IPv4 never mapped into it. */
export interface ProxyEnds {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** `length`: octets of the header; what follows them is the client's. */
export type ProxyHeader =
  | { readonly kind: 'client'; readonly ends: ProxyEnds; readonly length: number }
  /** The proxy speaks for itself (LOCAL) or does not know for whom (UNKNOWN, UNSPEC). */
  | { readonly kind: 'proxy'; readonly length: number }
  | { readonly kind: 'incomplete' }
  | Bad;

type Bad = { readonly kind: 'bad'; readonly because: string };

/** The longest line of version 1, CRLF included (§2.1). */
const MAX_LINE = 107;
/** Before the addresses of version 2 (§2.2). */
const FIXED = 16;
/** More than addresses and the usual TLVs take; HAProxy reads headers up to this size as well. */
const MAX_REST = 520;

const LF = 0x0a;
const CR = 0x0d;
const TEXT = Buffer.from('PROXY ', 'latin1');
const BINARY = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/**
 * Writes the header of a connection that is passed on: version 1 in text, version 2 in octets.
 *
 * Both ends have to be of one family; where they are not, IPv4 is mapped into IPv6 (RFC 4291 §2.5.5.2).
 */
export function writeProxyHeader(version: 'v1' | 'v2', ends: ProxyEnds): Buffer {
  const isText = version === 'v1';
  const [remote, local] = [octetsOf(ends.remoteAddress), octetsOf(ends.localAddress)];
  const ipv4 = remote.length === 4 && local.length === 4;
  const [source, target] = ipv4 ? [remote, local] : [asIpv6(remote), asIpv6(local)];
  const { remotePort, localPort } = ends;
  if (isText) {
    const addresses = `${addressText(source)} ${addressText(target)}`;
    return Buffer.from(
      `PROXY ${ipv4 ? 'TCP4' : 'TCP6'} ${addresses} ${remotePort} ${localPort}\r\n`,
      'latin1',
    );
  }
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(remotePort, 0);
  ports.writeUInt16BE(localPort, 2);
  const rest = Buffer.concat([source, target, ports]);
  const head = Buffer.from([0x21, ipv4 ? 0x11 : 0x21, 0, rest.length]);
  return Buffer.concat([BINARY, head, rest]);
}

/** @param bytes everything that came so far. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  for (const [signature, parse] of [
    [TEXT, parseText],
    [BINARY, parseBinary],
  ] as const) {
    const length = Math.min(bytes.length, signature.length);
    if (bytes.subarray(0, length).equals(signature.subarray(0, length))) {
      return length < signature.length ? { kind: 'incomplete' } : parse(bytes);
    }
  }
  return bad('it begins with something else');
}

function bad(because: string): Bad {
  return { kind: 'bad', because };
}

function parseText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, MAX_LINE).indexOf(LF);
  if (end === -1) {
    return bytes.length < MAX_LINE
      ? { kind: 'incomplete' }
      : bad(`its line is longer than ${MAX_LINE} octets`);
  }
  if (bytes[end - 1] !== CR) return bad('its line does not end in CRLF');
  const length = end + 1;
  const [, family, source = '', target = '', sourcePort, targetPort, ...more] = bytes
    .toString('latin1', 0, end - 1)
    .split(' ');
  // §2.1: whatever follows is to be ignored.
  if (family === 'UNKNOWN') return { kind: 'proxy', length };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : undefined;
  if (isAddress === undefined) return bad('its family is neither TCP4 nor TCP6 nor UNKNOWN');
  const remotePort = portOf(sourcePort);
  const localPort = portOf(targetPort);
  if (!isAddress(source) || !isAddress(target) || remotePort === null || localPort === null) {
    return bad(`its line does not hold two ${family} addresses and two ports`);
  }
  if (more.length > 0) return bad('there is something behind its ports');
  const [remoteAddress, localAddress] = [canonical(source), canonical(target)];
  return { kind: 'client', ends: { remoteAddress, remotePort, localAddress, localPort }, length };
}

function isIPv4(text: string): boolean {
  const parts = text.split('.');
  return (
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)
  );
}

/** No zone (%eth0): it means something on the proxy only. */
function isIPv6(text: string): boolean {
  return /^[0-9A-Fa-f:.]+$/.test(text) && URL.canParse(`http://[${text}]/`);
}

function portOf(text = ''): number | null {
  return /^(?:0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 0xffff ? Number(text) : null;
}

function parseBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < FIXED) return { kind: 'incomplete' };
  const [version, command] = [bytes.readUInt8(12) >> 4, bytes.readUInt8(12) & 0x0f];
  if (version !== 2) return bad(`its version is ${version}`);
  if (command > 1) return bad(`its command is ${command}`);
  const rest = bytes.readUInt16BE(14);
  if (rest > MAX_REST) return bad(`it announces ${rest} octets, the limit is ${MAX_REST}`);
  const length = FIXED + rest;
  if (bytes.length < length) return { kind: 'incomplete' };
  // §2.2: with LOCAL the family and all behind it is to be ignored.
  if (command === 0) return { kind: 'proxy', length };
  const header = bytes.subarray(0, length);
  const family = bytes.readUInt8(13);
  const octets = ADDRESS_OCTETS.get(family);
  if (octets === undefined) return bad(`its family 0x${family.toString(16)} is not TCP over IPv4 or IPv6`);
  const addresses = octets === 0 ? 0 : 2 * octets + 4;
  if (rest < addresses) return bad(`it is too short for its addresses: ${rest} octets`);
  const fault = faultOfExtras(header, FIXED + addresses);
  if (fault !== undefined) return bad(fault);
  if (octets === 0) return { kind: 'proxy', length };
  const ends = {
    remoteAddress: addressOf(header.subarray(FIXED, FIXED + octets)),
    localAddress: addressOf(header.subarray(FIXED + octets, FIXED + 2 * octets)),
    remotePort: header.readUInt16BE(FIXED + 2 * octets),
    localPort: header.readUInt16BE(FIXED + 2 * octets + 2),
  };
  return { kind: 'client', ends, length };
}

/** Octets of one address, by family and transport: UNSPEC, TCP over IPv4, TCP over IPv6. */
const ADDRESS_OCTETS: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [0x11, 4],
  [0x21, 16],
]);

function addressOf(octets: Buffer): string {
  if (octets.length === 4) return octets.join('.');
  return canonical(octets.toString('hex').replace(/.{4}(?=.)/g, '$&:'));
}

/** A zone (`fe80::1%eth0`) means something on this host only, and has no place in a header. */
function octetsOf(written: string): Buffer {
  const address = written.replace(/%.*$/s, '');
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string): string[] => text.split(':').filter((group) => group !== '');
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const hex = [...before, ...zeros, ...after].map((group) => group.padStart(4, '0'));
  return Buffer.from(hex.join(''), 'hex');
}

function asIpv6(octets: Buffer): Buffer {
  return octets.length === 16
    ? octets
    : Buffer.concat([Buffer.from('00000000000000000000ffff', 'hex'), octets]);
}

/** Never shortened to IPv4: what is written here belongs to a family that the line names. */
function addressText(octets: Buffer): string {
  if (octets.length === 4) return octets.join('.');
  return new URL(`http://[${octets.toString('hex').replace(/.{4}(?=.)/g, '$&:')}]/`).hostname.slice(1, -1);
}

function canonical(address: string): string {
  if (isIPv4(address)) return address;
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  // RFC 4291 §2.5.5.2: an IPv4 address that a proxy on a socket of IPv6 saw.
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text);
  if (mapped === null) return text;
  const hex = mapped.slice(1).map((group) => group.padStart(4, '0'));
  return Buffer.from(hex.join(''), 'hex').join('.');
}

const CRC32C = 0x03;

/** The TLVs behind the addresses tell nothing that is used here, but they have to be whole, and a checksum right. */
function faultOfExtras(header: Buffer, from: number): string | undefined {
  let at = from;
  while (at < header.length) {
    const length = at + 3 > header.length ? Number.POSITIVE_INFINITY : header.readUInt16BE(at + 1);
    const next = at + 3 + length;
    if (next > header.length) return 'the last of its TLVs is not whole';
    if (header[at] === CRC32C) {
      if (length !== 4) return `its checksum has ${length} octets`;
      if (header.readUInt32BE(at + 3) !== checksum(header, at + 3)) return 'its checksum is wrong';
    }
    at = next;
  }
  return undefined;
}

/** CRC-32C (RFC 9260, appendix A) of the header, the four octets at `hole` taken as zero. */
function checksum(header: Buffer, hole: number): number {
  let crc = 0xffffffff;
  for (const [at, octet] of header.entries()) {
    crc ^= at >= hole && at < hole + 4 ? 0 : octet;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}
