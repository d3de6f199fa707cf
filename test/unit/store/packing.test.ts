import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer, Call } from '../../../src/store/calls.ts';
import { packAnswers, packCalls, unpackAnswers, unpackCalls } from '../../../src/store/packing.ts';
import { prepareMessage } from '../../../src/store/prepare.ts';
import { claimAt, message } from '../../store/samples.ts';

const bytes = (text: string): { kind: 'bytes'; bytes: Uint8Array } => ({
  kind: 'bytes',
  bytes: new Uint8Array(Buffer.from(text)),
});

describe('calls and answers on their way', () => {
  it('arrive as they were, each with its own content', () => {
    const file = { kind: 'file', path: '/incoming/large' } as const;
    const bounces = [message('bounce', { body: bytes('third') }), message('empty', { body: bytes('') })];
    const calls: readonly Call[] = [
      { name: 'accept', argument: prepareMessage(message('one', { body: bytes('first') })) },
      { name: 'claim', argument: claimAt(1) },
      { name: 'accept', argument: prepareMessage(message('two', { body: file })) },
      {
        name: 'settle',
        argument: { settlements: [], messages: bounces.map(prepareMessage), warned: [{ id: 'one', at: 5 }] },
      },
      { name: 'nextDue', argument: 7 },
    ];
    assert.deepEqual(unpackCalls(packCalls(calls)), calls);
    const answers: readonly Answer[] = [
      { kind: 'done', value: 3 },
      { kind: 'done', value: bytes('body') },
      { kind: 'failed', code: 'full', message: 'no room' },
      { kind: 'done', value: file },
      { kind: 'done', value: [] },
      { kind: 'done', value: bytes('another') },
    ];
    assert.deepEqual(unpackAnswers(packAnswers(answers)), answers);
    assert.deepEqual(unpackAnswers(packAnswers([{ kind: 'done', value: undefined }])), [
      { kind: 'done', value: undefined },
    ]);
  });

  it('take a copy of the content alone, and leave the memory of the caller alone', () => {
    const memory = new Uint8Array(65_536);
    const slice = message('slice', { body: { kind: 'bytes', bytes: memory.subarray(10, 110) } });
    const packed = packCalls([{ name: 'accept', argument: prepareMessage(slice) }]);
    assert.equal(packed.contents.byteLength, 100);
    structuredClone(packed, { transfer: [packed.contents] });
    assert.equal(memory.byteLength, 65_536, 'not detached');
  });
});
