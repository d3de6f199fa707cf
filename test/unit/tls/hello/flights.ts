/** Flights by hand: records, and messages in them. */
export function record(type: number, content: Uint8Array, version = 0x0303): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(type, 0);
  header.writeUInt16BE(version, 1);
  header.writeUInt16BE(content.length, 3);
  return Buffer.concat([header, content]);
}

export function handshake(type: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt8(type, 0);
  header.writeUIntBE(body.length, 1, 3);
  return Buffer.concat([header, body]);
}

export interface HelloParts {
  readonly version?: number;
  readonly random?: Uint8Array;
  /** Hex, as the data of the extensions. */
  readonly sessionId?: string;
  readonly suite?: number;
  readonly compression?: number;
  readonly extensions?: readonly (readonly [type: number, data: string])[];
}

/** The body of a ServerHello; by default one of TLS 1.2 without extensions. */
export function serverHello({
  version = 0x0303,
  random,
  sessionId = '',
  suite = 5,
  compression = 0,
  extensions,
}: HelloParts): Buffer {
  const block = extensions?.map(([type, data]) =>
    Buffer.concat([u16(type), vector16(Buffer.from(data, 'hex'))]),
  );
  const session = Buffer.from(sessionId, 'hex');
  return Buffer.concat([
    u16(version),
    random ?? Buffer.alloc(32, 0xbb),
    Buffer.of(session.length),
    session,
    u16(suite),
    Buffer.of(compression),
    block === undefined ? Buffer.alloc(0) : vector16(Buffer.concat(block)),
  ]);
}

export function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}

export function vector16(content: Uint8Array): Buffer {
  return Buffer.concat([u16(content.length), content]);
}

/** Octets from hex, spaces left aside. */
export function octets(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

export function vector24(content: Uint8Array): Buffer {
  return handshake(0, content).subarray(1);
}
