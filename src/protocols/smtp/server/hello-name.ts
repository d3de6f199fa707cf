/** Names by which clients introduce themselves. */
import { parseAddressLiteral } from '../../../names/address.ts';
import { isAscii, type Parsed, parseDomain } from '../../../names/domain.ts';

/** Reads a name as it may stand in EHLO; `because` says what is needed. */
export function readHelloName(name: string): Parsed<string> {
  // RFC 6531 §3.7.1: a name beyond ASCII is sent as A-labels. Of octets of no known character set IDNA would make
  // some name or other.
  if (!isAscii(name)) return { kind: 'invalid', because: 'an ASCII name' };
  const valid = name.startsWith('[') ? parseAddressLiteral(name) : parseDomain(name);
  // Hosts whose name is no domain ("my_pc", "localhost.") are no danger; anything that could break out of a
  // Received field is.
  if (valid.kind !== 'ok' && !/^[A-Za-z0-9._:[\]-]{1,255}$/.test(name)) {
    return { kind: 'invalid', because: `a domain or address literal: ${valid.because}` };
  }
  return { kind: 'ok', value: name };
}
