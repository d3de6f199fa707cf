/** What is recorded of slapd: the upgrade, octet by octet, and what the directory says of itself. */
import { person, type SlapdOptions, startSlapd } from '../support/slapd.ts';
import { certificate, type Scene } from './scene.ts';
import { escaped, type Heard } from './script.ts';

const start =
  (options: SlapdOptions = {}) =>
  (root: string) =>
    startSlapd(root, options);

/** An element of BER, of at most 127 octets. */
function ber(tag: number, ...content: readonly (Buffer | string | number)[]): Buffer {
  const all = Buffer.concat(
    content.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))),
  );
  return Buffer.concat([Buffer.of(tag, all.length), all]);
}

const message = (id: number, operation: Buffer): string =>
  `C~ ${escaped(ber(0x30, ber(0x02, id), operation).toString('latin1'))}`;

/** RFC 4511 §4.14.1. */
const startTls = ber(0x77, ber(0x80, '1.3.6.1.4.1.1466.20037'));

/** RFC 4511 §4.2, a simple bind of version 3. */
const bind = ber(0x60, ber(0x02, 3), ber(0x04, person.user), ber(0x80, person.password));

/** RFC 4512 §5.1: what the server knows by itself (RFC 3673) of the entry without a name. */
const rootDse = ber(
  0x63,
  ber(0x04),
  ber(0x0a, 0),
  ber(0x0a, 0),
  ber(0x02, 0),
  ber(0x02, 0),
  ber(0x01, 0),
  ber(0x87, 'objectClass'),
  ber(0x30, ber(0x04, '+')),
);

/** What comes up to the end of a result (RFC 4511 §4.1.9) of this operation. */
const result = (operation: number, code: number, words = ''): Heard => ({
  octets: ber(operation, ber(0x0a, code), ber(0x04), ber(0x04, words)).toString('latin1'),
});

export const ofSlapd: readonly Scene[] = [
  {
    name: 'starttls',
    title: 'RFC 4511 §4.14: StartTLS; the answer does not repeat its name',
    start: start({ certificate }),
    client: [
      'C> upgrade',
      message(1, startTls),
      result(0x78, 0),
      '== TLS',
      'C< secured, clear nothing; inside nothing',
    ],
  },
  {
    name: 'not-offered',
    title: 'RFC 4511 §4.14.2: it has no certificate, and does not know the request',
    start: start(),
    client: [
      'C> upgrade',
      message(1, startTls),
      result(0x78, 2, 'unsupported extended operation'),
      'C< refused refused StartTLS: protocolError(2) unsupported extended operation',
    ],
  },
  {
    name: 'session/root-dse',
    title: 'RFC 4511 §4: the root DSE, and a bind that is refused; the same in TLS, where it is taken',
    start: start({ certificate }),
    client: [
      message(1, rootDse),
      result(0x65, 0),
      message(2, bind),
      result(0x61, 13, 'confidentiality required'),
      message(3, startTls),
      result(0x78, 0),
      '== TLS',
      message(4, rootDse),
      result(0x65, 0),
      message(5, bind),
      result(0x61, 0),
    ],
  },
];
