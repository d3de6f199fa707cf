import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  readMailParameters,
  readRcptParameters,
  splitParameters,
} from '../../../../../src/protocols/smtp/server/parameters.ts';

/** What the parameters of RCPT say, or the code of the refusal. */
function rcpt(text: string, utf8 = false): string {
  const split = splitParameters(text);
  if (split.kind === 'bad') return String(split.code);
  const read = readRcptParameters(split.values, utf8);
  if (read.kind === 'bad') return String(read.code);
  const { notify, originalRecipient } = read.wishes;
  return `${notify === null ? 'unsaid' : notify.join('/') || 'never'} ${originalRecipient ?? 'unsaid'}`;
}

function mail(text: string): string {
  const split = splitParameters(text);
  if (split.kind === 'bad') return String(split.code);
  const read = readMailParameters(split.values);
  if (read.kind === 'bad') return String(read.code);
  const { ret, envelopeId } = read.parameters.wishes;
  return `${ret ?? 'unsaid'} ${envelopeId ?? 'unsaid'}`;
}

function table(read: (text: string) => string, rows: readonly (readonly [string, string])[]): void {
  for (const [text, reading] of rows) {
    const shown = text.length > 70 ? `${text.slice(0, 60)}... (${text.length})` : text;
    it(`${shown}: ${reading.length > 70 ? 'taken' : reading}`, () => assert.equal(read(text), reading));
  }
}

describe('NOTIFY, RFC 3461 §4.1', () => {
  table(rcpt, [
    ['', 'unsaid unsaid'],
    ['NOTIFY=NEVER', 'never unsaid'],
    ['notify=success,FAILURE,Delay', 'success/failure/delay unsaid'],
    ['NOTIFY=DELAY', 'delay unsaid'],
    ['NOTIFY=', '501'],
    ['NOTIFY', '501'],
    ['NOTIFY=NEVER,SUCCESS', '501'],
    ['NOTIFY=SUCCESS,NEVER', '501'],
    ['NOTIFY=SUCCESS,', '501'],
    ['NOTIFY=SUCCESS,SUCCESS', '501'],
    ['NOTIFY=ALWAYS', '501'],
    ['NOTIFY=SUCCESS NOTIFY=FAILURE', '501'],
  ]);
});

describe('ORCPT, RFC 3461 §4.2', () => {
  table(rcpt, [
    ['ORCPT=rfc822;Bob@Example.test', 'unsaid rfc822;Bob@Example.test'],
    ['ORCPT=rfc822;a+2Bb@example.test', 'unsaid rfc822;a+2Bb@example.test'],
    ['ORCPT=X-Local;bob', 'unsaid X-Local;bob'],
    [`ORCPT=rfc822;${'a'.repeat(493)}`, `unsaid rfc822;${'a'.repeat(493)}`],
    [`ORCPT=rfc822;${'a'.repeat(494)}`, '501'],
    ['ORCPT=Bob@Example.test', '501'],
    ['ORCPT=rfc822;', '501'],
    ['ORCPT=;bob', '501'],
    ['ORCPT=rfc822;a+2bb', '501'],
    ['ORCPT=rfc822;a+2', '501'],
    ['ORCPT=rfc822;a+0D+0AX:y', '501'],
    ['ORCPT=rfc822;a+00', '501'],
    ['ORCPT=rfc822;a=b', '501'],
    ['ORCPT=rf_c;a', '501'],
  ]);
});

describe('ORCPT beyond ASCII, RFC 6533 §3', () => {
  table(rcpt, [
    [String.raw`ORCPT=utf-8;j\x{F6}rg@example.test`, String.raw`unsaid utf-8;j\x{F6}rg@example.test`],
    [String.raw`ORCPT=UTF-8;a\x{2B}b@example.test`, String.raw`unsaid UTF-8;a\x{2B}b@example.test`],
    [String.raw`ORCPT=utf-8;\x{10FFFF}@example.test`, String.raw`unsaid utf-8;\x{10FFFF}@example.test`],
    ['ORCPT=utf-8;a+2Bb', '501'],
    [String.raw`ORCPT=utf-8;a\x{f6}`, '501'],
    [String.raw`ORCPT=utf-8;a\x{110000}`, '501'],
    [String.raw`ORCPT=utf-8;a\x{D800}`, '501'],
    [String.raw`ORCPT=utf-8;a\x{0A}`, '501'],
    [String.raw`ORCPT=utf-8;a\x{85}`, '501'],
    [String.raw`ORCPT=utf-8;a\b`, '501'],
    ['ORCPT=utf-8;jörg@example.test', '501'],
  ]);

  it('with SMTPUTF8 it may be written as it is, and goes on in ASCII', () => {
    assert.equal(
      rcpt('ORCPT=utf-8;jörg@例え.test', true),
      String.raw`unsaid utf-8;j\x{F6}rg@\x{4F8B}\x{3048}.test`,
    );
    assert.equal(rcpt('ORCPT=rfc822;jörg@example.test', true), '501');
    assert.equal(rcpt('ORCPT=utf-8;j\u0085rg@example.test', true), '501');
    assert.equal(rcpt(`ORCPT=utf-8;${'ö'.repeat(83)}`, true), '501', 'longer than 500 in ASCII');
  });
});

describe('RET and ENVID, RFC 3461 §4.3 and §4.4', () => {
  table(mail, [
    ['RET=FULL', 'full unsaid'],
    ['ret=hdrs ENVID=QQ314159', 'headers QQ314159'],
    ['ENVID=a+20b+3D', 'unsaid a+20b+3D'],
    [`ENVID=${'a'.repeat(100)}`, `unsaid ${'a'.repeat(100)}`],
    [`ENVID=${'a'.repeat(101)}`, '501'],
    ['RET', '501'],
    ['RET=', '501'],
    ['RET=BOTH', '501'],
    ['ENVID', '501'],
    ['ENVID=a+0A', '501'],
    ['ENVID=a+7F', '501'],
    ['ENVID=a+E9', '501'],
    ['ENVID=a+zz', '501'],
  ]);
});

describe('AUTH of MAIL, RFC 4954 §5', () => {
  table(mail, [
    ['AUTH=<>', 'unsaid unsaid'],
    ['AUTH=e+3Dmc2@example.test', 'unsaid unsaid'],
    ['AUTH=e=mc2@example.test', '501'],
    ['AUTH=nobody', '501'],
    ['AUTH=<a@example.test>', '501'],
  ]);
});

describe('any parameters', () => {
  it('what is taken as original recipient or envelope id is printable ASCII without a space', () => {
    const words = fc.constantFrom(
      'NOTIFY=',
      'ORCPT=',
      'ENVID=',
      'rfc822;',
      'utf-8;',
      '\\x{',
      'F6',
      '}',
      '+',
      '2B',
      ' ',
      'é',
    );
    const text = fc
      .array(fc.oneof(words, fc.string({ unit: 'binary', maxLength: 3 })))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.boolean(), (given, utf8) => {
        const split = splitParameters(given);
        if (split.kind === 'bad') return;
        const recipient = readRcptParameters(split.values, utf8);
        if (recipient.kind === 'read')
          assert.match(recipient.wishes.originalRecipient ?? '', /^[\x21-\x7e]{0,500}$/);
        const sender = readMailParameters(split.values);
        if (sender.kind === 'read')
          assert.match(sender.parameters.wishes.envelopeId ?? '', /^[\x21-\x7e]{0,100}$/);
      }),
      { numRuns: 2000 },
    );
  });
});
