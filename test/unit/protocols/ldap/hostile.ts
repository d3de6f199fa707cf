/** What a hostile client or directory says: messages, well and badly formed, and noise. */
import * as fc from 'fast-check';
import {
  formatMessage,
  formatResult,
  names,
  noticeOfDisconnection,
  operations,
  startTlsRequest,
} from '../../../../src/protocols/ldap/messages.ts';
import { ber, berWhole } from '../../../../src/wire/ber.ts';

const login = (id: number, dn: string, method: number, ...credentials: (Buffer | string)[]): Buffer =>
  formatMessage(id, ber(operations.bindRequest, berWhole(2, 3), ber(4, dn), ber(method, ...credentials)));
const search = (base: string): Buffer =>
  formatMessage(
    6,
    ber(
      operations.searchRequest,
      ber(4, base),
      ...[0x0a, 0x0a, 2, 2, 1].map((tag) => berWhole(tag, 0)),
      ber(0x87, 'objectClass'),
      ber(0x30),
    ),
  );

/** Of both sides, as each may say what is the other's. */
const messages = [
  startTlsRequest(1),
  formatMessage(2, ber(operations.extendedRequest, ber(0x80, names.startTls), ber(0x81, 'x'))),
  login(3, '', 0x80),
  login(4, 'cn=x', 0x80, 'xyz'),
  login(5, '', 0xa3, ber(4, 'GSSAPI'), ber(4, 'xyz')),
  login(5, '', 0xa3, ber(4, 'PLAIN'), ber(4, '\0user\0pencil')),
  search(''),
  search('cn=x'),
  formatMessage(7, ber(operations.abandonRequest, Buffer.of(3))),
  formatMessage(8, ber(operations.unbindRequest)),
  formatMessage(9, ber(0x4a, 'cn=x')),
  formatResult(5, operations.bindResponse, 0, ''),
  formatResult(5, operations.bindResponse, 14, ''),
  formatResult(6, operations.searchResultDone, 0, 'words'.repeat(40)),
  noticeOfDisconnection(52, 'bye'),
];

const message = fc.constantFrom(...messages);
const bent = fc.tuple(message, fc.nat(40), fc.nat(255)).map(([whole, at, octet]) => {
  const octets = Buffer.from(whole);
  octets[at % octets.length] = octet;
  return octets;
});
const cutOff = fc.tuple(message, fc.nat(40)).map(([whole, length]) => whole.subarray(0, length));
const noise = fc.uint8Array({ maxLength: 12 }).map((octets) => Buffer.from(octets));

export const hostileTurns = fc.array(
  fc.record({
    side: fc.constantFrom('client' as const, 'backend' as const),
    octets: fc
      .array(
        fc.oneof(
          { weight: 8, arbitrary: message },
          { weight: 1, arbitrary: bent },
          { weight: 1, arbitrary: cutOff },
          { weight: 1, arbitrary: noise },
        ),
        { minLength: 1, maxLength: 4 },
      )
      .map((parts) => Buffer.concat(parts)),
  }),
  { maxLength: 10 },
);
