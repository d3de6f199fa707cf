import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { errPacket, packetOf } from '../../../../src/protocols/mysql/packet.ts';
import { mysqlDialect } from '../../../../src/scanner/dialects/mysql.ts';
import { assertVisitsEnd } from '../../../support/visit-fuzz.ts';
import { describeVisitTranscripts } from '../../../support/visit-transcript.ts';

describeVisitTranscripts(mysqlDialect, 'visit', 'mysql');

/** As MariaDB 10.11.19 greets. */
const greeting = Buffer.from(
  '640000000a352e352e352d31302e31312e31392d4d6172696144422d302b64656231327531000500000' +
    '06b6a5135552d215900feff080200ff8115000000000000' +
    '1d000000' +
    '21362d7e54683159 4a4a717c00'.replaceAll(' ', '') +
    '6d7973716c5f6e61746976655f70617373776f726400',
  'hex',
);

const said = fc.oneof(
  fc.constantFrom(greeting, greeting.subarray(0, 30), Buffer.concat([greeting, greeting])),
  fc
    .tuple(fc.constantFrom(1040, 1043, 1045, 1129), fc.string(), fc.nat(3))
    .map(([code, text, sequence]) => errPacket(sequence, { code, sqlState: '08S01' }, text, sequence > 0)),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => packetOf(3, bytes)),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);

describe('the visit to a server of MySQL', () => {
  it('any packets and any bytes: it ends', () => {
    // Nothing that is said has lines.
    assertVisitsEnd(mysqlDialect, fc.array(said, { maxLength: 6 }), /^$/);
  });
});
