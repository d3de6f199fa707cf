/** Where a certificate says that the one of its issuer can be had (AIA). RFC 5280 §4.2.2.1. */
import { readInside } from './der.ts';
import type { RawExtension } from './raw-certificate.ts';

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const URI = 0x86;
const AUTHORITY_INFO_ACCESS = '2b06010505070101';
const CA_ISSUERS = '2b06010505073002';
const LONGEST = 300;

/** The first address, printable, at which the issuer's certificate is said to lie; undefined where there is none. */
export function issuerAddress(extensions: readonly RawExtension[]): string | undefined {
  const found = extensions.find(({ id }) => id === AUTHORITY_INFO_ACCESS);
  const descriptions = found === undefined ? [] : (readInside(found.value, SEQUENCE) ?? []);
  const addresses = descriptions.flatMap((description) => {
    const [method, location] = readInside(description.whole, SEQUENCE) ?? [];
    const isIssuer =
      method?.tag === OBJECT_IDENTIFIER && Buffer.from(method.content).toString('hex') === CA_ISSUERS;
    return isIssuer && location?.tag === URI ? [Buffer.from(location.content).toString('latin1')] : [];
  });
  return addresses.find((address) => /^[\x21-\x7e]+$/.test(address) && address.length <= LONGEST);
}
