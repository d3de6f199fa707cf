import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { operations, parseMessage } from '../../../../src/protocols/ldap/messages.ts';
import { parseRootDse, rootDseRequest } from '../../../../src/protocols/ldap/root-dse.ts';
import { ber, berElements, berTags } from '../../../../src/wire/ber.ts';

/** As slapd 2.5.13 answers, with what it has by default. */
const entry = Buffer.from(
  '3081b8020101' +
    '6481b20400' +
    '3081ad' +
    '30818d0412737570706f72746564457874656e73696f6e3177' +
    '0416312e332e362e312e342e312e313436362e3230303337' +
    '0417312e332e362e312e342e312e343230332e312e31312e31' +
    '0417312e332e362e312e342e312e343230332e312e31312e33' +
    '040b312e332e362e312e312e38' +
    '040e312e332e362e312e312e32312e33' +
    '040e312e332e362e312e312e32312e31' +
    '301b0414737570706f727465644c44415056657273696f6e3103040133',
  'hex',
);

const attribute = (name: string, ...values: readonly (string | Uint8Array)[]): Buffer =>
  ber(
    berTags.sequence,
    ber(berTags.octetString, name),
    ber(berTags.set, ...values.map((value) => ber(berTags.octetString, value))),
  );
const content = (...attributes: readonly Uint8Array[]): Buffer =>
  Buffer.concat([ber(berTags.octetString), ber(berTags.sequence, ...attributes)]);

describe('the root DSE', () => {
  it('RFC 4512 §5.1: is asked for by a base search of the empty name with (objectClass=*)', () => {
    const message = parseMessage(rootDseRequest(7));
    assert.equal(message?.id, 7);
    assert.equal(message.operation.tag, operations.searchRequest);
    const parts = berElements(message.operation.content, 8) ?? [];
    assert.deepEqual(
      parts.slice(0, 7).map(({ tag, content: octets }) => [tag, Buffer.from(octets).toString('latin1')]),
      [
        [berTags.octetString, ''],
        [berTags.enumerated, '\0'],
        [berTags.enumerated, '\0'],
        [berTags.integer, '\0'],
        [berTags.integer, '\0'],
        [berTags.boolean, '\0'],
        [0x87, 'objectClass'],
      ],
    );
  });

  it('is read as slapd says it, a line for each value', () => {
    const message = parseMessage(entry);
    assert.equal(message?.operation.tag, operations.searchResultEntry);
    assert.deepEqual(parseRootDse(message.operation.content), [
      'supportedExtension: 1.3.6.1.4.1.1466.20037',
      'supportedExtension: 1.3.6.1.4.1.4203.1.11.1',
      'supportedExtension: 1.3.6.1.4.1.4203.1.11.3',
      'supportedExtension: 1.3.6.1.1.8',
      'supportedExtension: 1.3.6.1.1.21.3',
      'supportedExtension: 1.3.6.1.1.21.1',
      'supportedLDAPVersion: 3',
    ]);
  });

  it('has no lines where it shows nothing, and leaves out values that are no text', () => {
    assert.deepEqual(parseRootDse(content()), []);
    assert.deepEqual(parseRootDse(content(attribute('vendorName', Buffer.of(0xff), 'x'))), ['vendorName: x']);
  });

  it('is none where a part is of another kind, missing, or one too many', () => {
    const name = ber(berTags.octetString, 'a');
    for (const [what, octets] of Object.entries({
      empty: Buffer.alloc(0),
      'no list': ber(berTags.octetString),
      'more behind the list': Buffer.concat([content(), ber(berTags.octetString)]),
      'an attribute that is a set': content(ber(berTags.set, name, ber(berTags.set))),
      'values that are a sequence': content(ber(berTags.sequence, name, ber(berTags.sequence))),
      'a value that is a number': content(
        ber(berTags.sequence, name, ber(berTags.set, ber(berTags.integer, 'x'))),
      ),
      'no values': content(ber(berTags.sequence, name)),
      'a name that is no text': content(
        ber(berTags.sequence, ber(berTags.octetString, Buffer.of(0xff)), ber(berTags.set)),
      ),
      '257 attributes': content(...Array.from({ length: 257 }, () => attribute('a'))),
      '257 values': content(attribute('a', ...Array.from({ length: 257 }, () => ''))),
    }))
      assert.equal(parseRootDse(octets), undefined, what);
    assert.deepEqual(parseRootDse(content(...Array.from({ length: 256 }, () => attribute('a')))), []);
    assert.equal(
      parseRootDse(content(attribute('a', ...Array.from({ length: 256 }, () => ''))))?.length,
      256,
    );
  });

  it('any octets are an entry or none, and never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (octets, wrapped) => {
        const given = wrapped ? content(ber(berTags.sequence, octets)) : octets;
        const lines = parseRootDse(given);
        assert.ok(lines === undefined || Array.isArray(lines));
      }),
      { numRuns: 3000 },
    );
  });
});
