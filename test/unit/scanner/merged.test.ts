import assert from 'node:assert/strict';
import { it } from 'node:test';
import { answersIn, merged } from '../../../src/scanner/merged.ts';
import { agreed, helloRefused, probeNotTested, secured } from '../../support/observations.ts';

it('answers to hellos of our own stand beside each other', () => {
  const before = { hello: { weakFirst: agreed() }, upToTls12: secured() };
  const both = merged(before, { hello: { old: helloRefused() } });
  assert.deepEqual(both, { hello: { weakFirst: agreed(), old: helloRefused() }, upToTls12: secured() });
  assert.deepEqual(merged({}, { hello: { old: helloRefused() } }), { hello: { old: helloRefused() } });
  assert.deepEqual(merged(before, { noServerName: secured() }), { ...before, noServerName: secured() });
  assert.deepEqual(merged({ upToTls12: probeNotTested() }, { upToTls12: secured() }), {
    upToTls12: secured(),
  });
});

it('every answer by itself, what is no answer left out', () => {
  const weak = [{ ...agreed(), without: [] }];
  const suites = { connections: 1, versions: [] };
  const intrusive = { vrfy: null, expn: null, relay: null };
  const all = answersIn({ hello: { old: helloRefused(), weak, suites }, upToTls12: secured(), intrusive });
  assert.deepEqual(all, [secured(), helloRefused(), ...weak]);
  assert.deepEqual(answersIn({}), []);
});
