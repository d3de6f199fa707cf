import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTraceParent } from '../../../../src/relay/http-api/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('traceparent (W3C Trace Context §3.2)', () => {
  for (const value of [
    `00-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-00`,
    `cc-${TRACE}-${PARENT}-01-what-more`,
  ])
    it(`is taken as it is: ${value}`, () => assert.equal(readTraceParent(value), value));

  const broken: [why: string, value: string | undefined][] = [
    ['there is none', undefined],
    ['an empty one', ''],
    ['version ff is forbidden', `ff-${TRACE}-${PARENT}-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['a parent of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['version 00 ends with the flags', `00-${TRACE}-${PARENT}-01-more`],
    ['too short', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['two of them', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
    ['a line end', `00-${TRACE}-${PARENT}-01\n`],
  ];
  for (const [why, value] of broken)
    it(`is passed over: ${why}`, () => assert.equal(readTraceParent(value), null));
});
