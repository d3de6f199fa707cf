import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adviceOf } from '../../../src/cli/resolve-advice.ts';
import { types } from '../../../src/dns/record.ts';
import * as samples from './resolve-samples.ts';

const { bogus, insecure, name, resolved, secure, silent, way } = samples;

describe('what to do', () => {
  it('is nothing where all is well', () => {
    for (const answer of [secure, insecure, samples.absent]) {
      assert.deepEqual(adviceOf(resolved(answer)).todo, []);
    }
  });

  it('is to look at the clock first where nothing at all can be proven', () => {
    assert.match(
      adviceOf(resolved(samples.bogusRoot)).todo[0] ?? '',
      /^Compare the clock .* 2026-11-28T12:00:00Z:/,
    );
    assert.match(adviceOf(resolved(samples.bogusKeys)).todo[0] ?? '', /^Ask another resolver/);
  });

  it('names whoever has to repair it: of keys the zone itself, of records the zone that holds them', () => {
    const [, keys = ''] = adviceOf(resolved(samples.bogusKeys)).todo;
    assert.match(keys, /tell whoever runs test: the DS in the zone above has to name a key/);
    const [, records = ''] = adviceOf(resolved(bogus)).todo;
    assert.match(records, /tell whoever runs test: what it says of mail\.test MX has to be signed anew\.$/);
    const delegation = samples.link('delegation', 'mail.test', types.DS, 'bogus', 'x');
    const [, ds = ''] = adviceOf(resolved({ ...bogus, chain: [...way, delegation] })).todo;
    assert.match(ds, /tell whoever runs test: what it says of mail\.test DS has to be signed anew\.$/);
  });

  it('where no trust anchor covers the name, is to give one', () => {
    const { todo } = adviceOf(resolved(silent, { anchors: [name('example'), name('other.test')] }));
    assert.deepEqual(todo, [
      'Give a trust anchor that is above the name, with dns.trust_anchor (--trust-anchor): there is one for example, other.test.',
    ]);
  });

  it('says that a resolver keeps back what it finds bogus', () => {
    const errors = [{ code: 6, text: '' }];
    assert.match(
      adviceOf(resolved({ ...silent, errors })).todo[0] ?? '',
      /^The resolver finds the answer bogus/,
    );
    assert.match(
      adviceOf(resolved({ ...silent, errors: [{ code: 22, text: '' }] })).todo[0] ?? '',
      /^Ask another/,
    );
    assert.match(
      adviceOf(resolved(silent)).todo[0] ?? '',
      /^Ask another resolver: waxwing resolve mail\.test MX /,
    );
  });

  it('where the resolver found it bogus, is to look for the link here', () => {
    const { means, todo } = adviceOf(resolved({ ...bogus, chain: [] }, { mode: 'trust' }));
    assert.match(means, /^The resolver has found that the proof is wrong\./);
    assert.deepEqual(todo, ['See which link is broken: waxwing resolve mail.test MX --dnssec validate.']);
  });
});

describe('what it means', () => {
  it('RFC 7672 §2.2: TLSA records without proof are not used', () => {
    const question = { name: name('_25._tcp.mail.test'), type: types.TLSA };
    assert.match(
      adviceOf(resolved({ ...insecure, question })).means,
      /TLSA records without proof are not used/,
    );
    assert.doesNotMatch(adviceOf(resolved(insecure)).means, /TLSA/);
  });

  it('an answer that could not be had is no "no"', () => {
    for (const answer of [silent, bogus, samples.bogusKeys, samples.bogusRoot]) {
      assert.match(adviceOf(resolved(answer)).means, /this is no "no"/);
    }
    const unsigned = { ...silent, status: 'insecure' } as const;
    assert.match(adviceOf(resolved(unsigned)).means, /this is no "no"/);
  });

  it('an answer that nobody proved is as good as the way to it', () => {
    const answer = { ...secure, status: 'indeterminate' } as const;
    for (const mode of ['off', 'trust'] as const) {
      assert.match(adviceOf(resolved(answer, { mode })).means, /as good as the resolver and the way to it/);
    }
    assert.match(adviceOf(resolved(secure, { mode: 'trust' })).means, /says that it has proven this/);
  });
});
