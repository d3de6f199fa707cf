/** Certificates that no authority would sign: DER put together by hand, with a signature of nothing. */

/** One element of definite length. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const hex = content.length.toString(16);
  const octets = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | octets.length]), octets, content]);
}

export const dns = (name: string): Buffer => der(0x82, Buffer.from(name, 'latin1'));
export const ip = (...octets: readonly number[]): Buffer => der(0x87, Buffer.from(octets));
export const spki = der(0x30, der(0x30), der(0x03, Buffer.from([0, 1, 2, 3])));
const commonName = Buffer.from([0x55, 0x04, 0x03]);

/** An extension; `critical` adds the boolean that stands between its id and its value. */
export function extension(id: readonly number[], value: Uint8Array, critical = false): Buffer {
  const boolean = critical ? [der(0x01, Buffer.from([0xff]))] : [];
  return der(0x30, der(0x06, Buffer.from(id)), ...boolean, der(0x04, value));
}

export function alternativeNames(names: readonly Uint8Array[], critical = false): Buffer {
  return extension([0x55, 0x1d, 0x11], der(0x30, ...names), critical);
}

/** A certificate with that common name and those extensions. */
export function forge(extensions: readonly Uint8Array[], cn = 'mx.example.test'): Buffer {
  const name = der(0x30, der(0x31, der(0x30, der(0x06, commonName), der(0x0c, Buffer.from(cn)))));
  const validity = der(
    0x30,
    der(0x17, Buffer.from('260101000000Z')),
    der(0x17, Buffer.from('360101000000Z')),
  );
  const fields = [
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    der(0x30),
    name,
    validity,
  ];
  const wrapped = extensions.length === 0 ? [] : [der(0xa3, der(0x30, ...extensions))];
  const body = der(0x30, ...fields, name, spki, ...wrapped);
  return der(0x30, body, der(0x30), der(0x03, Buffer.from([0])));
}

/** A certificate with those general names. */
export function forgeNames(...names: readonly Uint8Array[]): Buffer {
  return forge([alternativeNames(names)]);
}
