import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  describeResult,
  names,
  noticeOfDisconnection,
  parseExtendedRequest,
  parseMessage,
  parseResult,
  readMessageHead,
  startTlsRequest,
  startTlsResponse,
} from '../../../../src/protocols/ldap/messages.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const isRead = (text: string): boolean => parseMessage(hex(text)) !== undefined;

describe('messages of LDAP', () => {
  it('RFC 4511 §4.14.1: StartTLS, octet by octet as OpenLDAP writes it', () => {
    const openLdap = `30 1d 02 01 01 77 18 80 16 ${Buffer.from(names.startTls).toString('hex')}`;
    assert.equal(startTlsRequest(1).toString('hex'), openLdap.replaceAll(' ', ''));
    const request = parseMessage(hex(openLdap));
    assert.deepEqual(request && parseExtendedRequest(request.operation.content), {
      name: names.startTls,
      hasValue: false,
    });
  });

  it('RFC 4511 §4.4.1: a Notice of Disconnection has the number 0 and its own name', () => {
    const notice = parseMessage(noticeOfDisconnection(52, 'bye'));
    assert.equal(notice?.id, 0);
    assert.deepEqual(notice && parseResult(notice.operation.content), {
      code: 52,
      diagnostic: 'bye',
      referred: false,
      responseName: names.noticeOfDisconnection,
      hasResponseValue: false,
    });
  });

  it('RFC 4511 §4.1.1: message IDs go from 0 to 2147483647', () => {
    assert.ok(isRead('30 08 02 04 7f ff ff ff 42 00'));
    assert.ok(isRead('30 05 02 01 00 42 00'));
    assert.ok(!isRead('30 05 02 01 ff 42 00'), 'negative');
    assert.ok(!isRead('30 09 02 05 00 80 00 00 00 42 00'), 'beyond');
    assert.ok(!isRead('30 04 02 00 42 00'), 'no octets');
    assert.ok(!isRead('30 05 0a 01 00 42 00'), 'not an INTEGER');
  });

  it('a message fills its octets, and nothing stands behind it', () => {
    assert.ok(isRead('30 05 02 01 01 42 00'));
    assert.ok(!isRead('30 05 02 01 01 42 00 30'));
    assert.ok(!isRead('30 06 02 01 01 42 00'));
    assert.ok(!isRead('31 05 02 01 01 42 00'));
    assert.ok(!isRead('30 03 02 01 01'));
  });

  it('RFC 4511 §4.1.11: controls are those in [0]; RFC 4511 §4: trailing components are ignored', () => {
    assert.deepEqual(parseMessage(hex('30 0b 02 01 01 42 00 9e 00 a0 02 30 00'))?.controls, hex('30 00'));
    assert.equal(parseMessage(hex('30 05 02 01 01 42 00'))?.controls, undefined);
  });

  it('the head says the length before the message is there, and shows at once what is none', () => {
    assert.deepEqual(readMessageHead(hex('30 84 7f ff ff ff')), {
      kind: 'head',
      tag: 0x30,
      headLength: 6,
      length: 2_147_483_647,
    });
    assert.equal(readMessageHead(hex('47')).kind, 'malformed');
    assert.equal(readMessageHead(hex('16 03 01')).kind, 'malformed');
    assert.equal(readMessageHead(hex('')).kind, 'incomplete');
  });

  it('a result has a code, a name and words, in this order', () => {
    const isResult = (text: string): boolean => parseResult(hex(text)) !== undefined;
    assert.ok(isResult('0a 01 00 04 00 04 00'));
    assert.ok(!isResult('02 01 00 04 00 04 00'));
    assert.ok(!isResult('0a 01 00 04 00'));
    assert.ok(!isResult('0a 01 00 04 00 30 00'));
    assert.ok(!isResult('0a 01 00 04 00 04 01 ff'), 'not UTF-8');
    assert.ok(!isResult('0a 00 04 00 04 00'), 'no code');
  });

  it('results are named as RFC 4511 §4.1.9 names them', () => {
    assert.equal(describeResult(13), 'confidentialityRequired(13)');
    assert.equal(describeResult(9), 'result 9');
  });

  it('any octets: read or not, never thrown, and in the time that they take to look at', () => {
    const whole = startTlsResponse(1, 0, 'words');
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, octet, length) => {
        const bent = Buffer.from(whole);
        bent[at] = octet;
        const message = parseMessage(bent.subarray(0, length));
        if (message !== undefined) parseResult(message.operation.content);
      }),
      { numRuns: 2000 },
    );
  });
});
