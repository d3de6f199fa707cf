import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isTlsRpt, parseTlsRpt } from '../../../../src/findings/records/tls-rpt.ts';

describe('which records are TLS-RPT', () => {
  it('RFC 8460 §3: "records that do not begin with "v=TLSRPTv1;" are discarded"', () => {
    for (const text of ['v=TLSRPTv1;rua=mailto:a@b.test', 'v=TLSRPTv1 ; rua=x', 'v=TLSRPTv1;'])
      assert.ok(isTlsRpt(text), text);
    for (const text of [
      'v=tlsrptv1;rua=x',
      'v=TLSRPTv12;rua=x',
      'V=TLSRPTv1;',
      ' v=TLSRPTv1;',
      'v=TLSRPTv1 rua=x',
    ])
      assert.ok(!isTlsRpt(text), text);
  });
});

describe('fields', () => {
  it('the examples of RFC 8460 §3.1', () => {
    for (const [record, uri] of [
      ['v=TLSRPTv1;rua=mailto:reports@example.com', 'mailto:reports@example.com'],
      ['v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt', 'https://reporting.example.com/v1/tlsrpt'],
    ] as const) {
      const { reportsTo, hasRua, problems } = parseTlsRpt(record);
      assert.deepEqual(problems, []);
      assert.ok(hasRua);
      assert.deepEqual(
        reportsTo.map(({ text }) => text),
        [uri],
      );
    }
  });

  it('extensions are passed over, several rua are put together, a semicolon may end it', () => {
    const { reportsTo, problems } = parseTlsRpt(
      'v=TLSRPTv1;ext=1;rua=mailto:a@b.test,mailto:c@b.test ; rua=https://d.test;',
    );
    assert.deepEqual(problems, []);
    assert.equal(reportsTo.length, 3);
  });

  it('what has no place there is told', () => {
    for (const record of [
      'v=TLSRPTv1',
      'v=TLSRPTv1;',
      'v=TLSRPTv1;;rua=mailto:a@b.test',
      'v=TLSRPTv1;rua=mailto:a@b.test;;',
      'v=TLSRPTv1;rua',
      'v=TLSRPTv1;rua=',
      'v=TLSRPTv1;rua=mailto:a@b.test;x y=1',
      'v=TLSRPTv1;rua = mailto:a@b.test',
      `v=TLSRPTv1;${'x'.repeat(33)}=1`,
    ])
      assert.ok(parseTlsRpt(record).problems.length > 0, record);
    assert.equal(parseTlsRpt('v=TLSRPTv1;ext=1').hasRua, false);
  });

  it('64 KiB of anything take no longer than a look', () => {
    for (const piece of [' ', ';', 'a=', 'a', 'rua=,', ',']) {
      const from = performance.now();
      const { problems } = parseTlsRpt(`v=TLSRPTv1;${piece.repeat(Math.floor(65_000 / piece.length))}\u{1}`);
      assert.ok(problems.length <= 10);
      assert.ok(performance.now() - from < 1_000, piece);
    }
  });
});
