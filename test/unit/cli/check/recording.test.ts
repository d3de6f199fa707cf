import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readRecording, writeRecording } from '../../../../src/cli/check/recording.ts';
import { observe } from '../../../support/observations.ts';
import { anyRecording, recordingOf } from './recordings.ts';

const through = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const because = (value: unknown): string => {
  const read = readRecording(value);
  return read.kind === 'invalid' ? read.because : 'it was read';
};

describe('a recording as JSON', () => {
  it('is read as the same recording again', () => {
    fc.assert(
      fc.property(anyRecording, (recording) => {
        const read = readRecording(through(writeRecording(recording)));
        assert.deepEqual(read, { kind: 'ok', value: recording });
      }),
    );
  });

  it('has each certificate once', () => {
    const one = observe();
    const recording = recordingOf({ observations: Array.from({ length: 20 }, () => one) });
    const written = writeRecording(recording);
    assert.equal(Object.keys(written.certificates).length, 2);
    const [first = ''] = Object.values(written.certificates);
    assert.equal(JSON.stringify(written).split(first).length, 2);
  });

  it('has room for the longest lists that a server can present: one certificate, or many tiny ones', () => {
    const one = observe();
    const tls = one.base.tls ?? assert.fail('there was a handshake');
    const lists = [
      [new Uint8Array(102_400)],
      Array.from({ length: 30_000 }, (_, index) => Uint8Array.of(index >> 8, index & 0xff)),
    ];
    for (const chain of lists) {
      const recording = recordingOf({
        observations: [{ ...one, base: { ...one.base, tls: { ...tls, chain } } }],
      });
      const read = readRecording(through(writeRecording(recording)));
      assert.deepEqual(read, { kind: 'ok', value: recording });
    }
  });

  const written = writeRecording(recordingOf({ observations: [observe()] }));
  const changed = (change: object): unknown => ({ ...written, seen: { ...written.seen, ...change } });
  const literal = { kind: 'address', address: '192.0.2.1', port: 25, protocol: 'smtp', tls: 'starttls' };
  it('a target may be written as it was asked for', () => {
    const target = { ...literal, written: '192.0.2.1:25' };
    const read = readRecording(changed({ target }));
    assert.deepEqual(read.kind === 'ok' && read.value.target, target);
  });

  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['nothing', null, /expected object/],
    ['a list', [], /expected object/],
    ...['192.0.2.1:25 \u202e', 'bank.example:25', '192.0.2.1:26', '192.0.2.1'].map(
      (words): [string, unknown, RegExp] => [
        `a target that is written ${words}`,
        changed({ target: { ...literal, written: words } }),
        /^target: is written as another one$/,
      ],
    ),
    ['a key nobody knows', { ...written, extra: 1 }, /Unrecognized key: "extra"/],
    ['a key nobody knows inside', changed({ extra: 1 }), /Unrecognized key: "extra"/],
    ['a certificate that is missing', { ...written, certificates: {} }, /is not in the table/],
    ['a table of something else', { ...written, certificates: { ab: 'AAAA' } }, /certificates\.ab/],
    [
      'octets that are no base64',
      { ...written, certificates: mapped(written.certificates, '%%%%') },
      /base64/,
    ],
    ['a depth that is none', changed({ depth: 'deepest' }), /^depth: /],
    ['a target without a name', changed({ target: { kind: 'domain' } }), /^target\.domain: /],
    [
      'a target that is no domain',
      changed({ target: { kind: 'domain', domain: 'a b' } }),
      /^target\.domain: /,
    ],
    ['an address that is none', changed({ skipped: [{ address: 'x' }] }), /^skipped\.0\./],
    ['a time beyond all calendars', changed({ startedAt: 1e300 }), /^startedAt: /],
  ];
  for (const [why, value, expected] of wrong) {
    it(`with ${why} is refused, and says where`, () => assert.match(because(value), expected));
  }

  it('of anybody never breaks the reader', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        assert.ok(['ok', 'invalid'].includes(readRecording(value).kind));
        assert.ok(['ok', 'invalid'].includes(readRecording({ certificates: {}, seen: value }).kind));
      }),
    );
  });

  it('nested without an end is refused before the stack ends', () => {
    let deep: unknown = {};
    for (let depth = 0; depth < 5_000; depth += 1) deep = { deep };
    assert.match(because({ certificates: {}, seen: { deep } }), /Unrecognized key|expected/);
  });
});

function mapped(table: Readonly<Record<string, string>>, value: string): Record<string, string> {
  return Object.fromEntries(Object.keys(table).map((key) => [key, value]));
}
