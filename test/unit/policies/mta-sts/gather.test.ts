import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StsEntry } from '../../../../src/policies/mta-sts/cache.ts';
import type { StsFacts } from '../../../../src/policies/mta-sts/facts.ts';
import { type StsTerms, stsFor } from '../../../../src/policies/mta-sts/gather.ts';
import type { HttpsFault } from '../../../../src/wire/https-answer.ts';
import {
  answered,
  type Driven,
  domain,
  drive,
  failedFetch,
  noRecord,
  policyText,
  recordQuestion,
  servFail,
  stsRecord,
  txt,
  type World,
} from './policy-host.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const t0 = Date.UTC(2026, 10, 22);
const example = domain('example.test');

function look(now: number, world: World, errand: StsTerms['errand'] = 'delivery'): Driven<StsFacts> {
  return drive(stsFor(example, { now, jitter: 0, errand }), example, world);
}

const serving = answered(policyText());
const id = (facts: StsFacts): string | undefined => facts.known?.id;

/** A row as it is written at the first contact, `t0`. */
function firstContact(text = policyText()): StsEntry {
  const { keep } = look(t0, { dns: stsRecord('a'), host: answered(text) }).outcome;
  assert.ok(keep);
  return keep;
}

describe('RFC 8461 §3: the first contact with a domain', () => {
  it('asks for the record, then for the policy, which holds at once and is kept', () => {
    const { outcome, asked, fetches } = look(t0, { dns: stsRecord('a'), host: serving });
    assert.deepEqual(asked, [recordQuestion('example.test')]);
    assert.equal(fetches, 1);
    assert.ok(outcome.kind === 'policy' && outcome.from === 'fetch');
    assert.equal(outcome.known.policy.mode, 'enforce');
    assert.equal(outcome.report, null);
    assert.equal(outcome.keep?.known?.expiresAt, t0 + 7 * day);
  });

  it('without a record nobody asks the policy host', () => {
    const { outcome, fetches } = look(t0, { dns: noRecord });
    assert.deepEqual([outcome.kind, outcome.keep, fetches], ['none', null, 0]);
  });

  it('S19: "MUST NOT attempt to fetch a policy from the parent zone"', () => {
    const below = domain('mail.example.test');
    const { asked } = drive(stsFor(below, { now: t0, jitter: 0, errand: 'delivery' }), below, {
      dns: noRecord,
    });
    assert.deepEqual(asked, [recordQuestion('mail.example.test')]);
  });

  it('a domain whose record would have too long a name has none', () => {
    const long = domain(`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(60)}`);
    const { outcome, asked } = drive(stsFor(long, { now: t0, jitter: 0, errand: 'delivery' }), long, {
      dns: noRecord,
    });
    assert.deepEqual([outcome.kind, asked], ['none', []]);
  });
});

describe('S1: no record, or none that can be used, and no policy in force', () => {
  const dns = [
    noRecord,
    txt('v=spf1 -all'),
    txt('v=STSv1; id=a'.repeat(2)),
    txt('v=STSv1; id=a', 'v=STSv1; id=b'),
  ];
  for (const [at, answer] of dns.entries()) {
    it(`is no policy, and nothing to report: ${answer.kind === 'found' ? answer.txts.join(' and ') : at}`, () => {
      const { outcome, fetches } = look(t0, { dns: answer });
      assert.deepEqual([outcome.kind, outcome.report, outcome.keep, fetches], ['none', null, null, 0]);
    });
  }
});

describe('S2: no record, or none that can be used, and a policy in force', () => {
  for (const dns of [
    noRecord,
    txt('v=spf1 -all'),
    txt('v=STSv1'),
    txt('v=STSv1; id=a', 'v=STSv1; id=b'),
    servFail,
  ]) {
    it(`"the sender MUST apply that cached policy": ${JSON.stringify(dns)}`, () => {
      const { outcome, fetches } = look(t0 + hour, { stored: firstContact(), dns });
      assert.ok(outcome.kind === 'policy' && outcome.from === 'cache');
      assert.equal(id(outcome), 'a');
      assert.equal(outcome.report?.type, 'sts-policy-fetch-error');
      assert.equal(outcome.report.fallback, true);
      assert.match(outcome.because, /holds for another .*; what the DNS says does not end it/);
      assert.equal(fetches, 0, 'mail does not wait for what it does not need');
    });
  }
});

describe('S3: nobody could say whether there is a record', () => {
  it('and no policy is in force: unknown, for whoever remembers more, and not asked again for 5 minutes', () => {
    const { outcome, fetches } = look(t0, { dns: servFail });
    assert.deepEqual([outcome.kind, outcome.known, outcome.report, fetches], ['unknown', null, null, 0]);
    assert.equal(outcome.until, t0 + 5 * minute);
  });

  it('and the policy has ended: unknown, with what there was', () => {
    const { outcome } = look(t0 + 8 * day, { stored: firstContact(), dns: servFail });
    assert.deepEqual([outcome.kind, id(outcome)], ['unknown', 'a']);
  });
});

describe('S4: a record, and no policy to be had', () => {
  const faults: HttpsFault[] = ['dns', 'address', 'tcp', 'tls', 'tls-webpki', 'http', 'too-big', 'timeout'];
  const outcomes = [
    ...faults.map((fault) => failedFetch(fault)),
    answered('', { status: 301, location: 'https://example.test/' }),
    answered('', { status: 404 }),
    answered(policyText(), { contentType: 'text/html' }),
    answered('<html>'),
  ];
  for (const host of outcomes) {
    const title = host.kind === 'failed' ? host.fault : `${host.answer.status} ${host.answer.contentType}`;
    it(`"MUST continue with delivery as though the domain has not implemented MTA-STS": ${title}`, () => {
      const { outcome } = look(t0, { dns: stsRecord('a'), host });
      assert.equal(outcome.kind, 'none');
      assert.equal(outcome.report?.fallback, false);
      assert.equal(outcome.keep?.known, null);
      assert.equal(outcome.until, t0 + 5 * minute);
    });
  }

  it('is reported by what stood in the way', () => {
    const typeFor = (host: World['host'] & object): string | undefined =>
      look(t0, { dns: stsRecord('a'), host }).outcome.report?.type;
    assert.equal(typeFor(failedFetch('tcp')), 'sts-policy-fetch-error');
    assert.equal(typeFor(failedFetch('tls-webpki')), 'sts-webpki-invalid');
    assert.equal(typeFor(answered('hello')), 'sts-policy-invalid');
  });

  it('is not tried again too soon, is reported all the same, and is tried again after that', () => {
    const stored = look(t0, { dns: stsRecord('a'), host: failedFetch('tcp') }).outcome.keep ?? undefined;
    const soon = look(t0 + minute, { stored, dns: stsRecord('a') });
    assert.deepEqual(
      [soon.outcome.kind, soon.fetches, soon.outcome.report?.type],
      ['none', 0, 'sts-policy-fetch-error'],
    );
    assert.match(soon.outcome.because, /tried once, next try in 4 min/);
    const later = look(t0 + 5 * minute, { stored, dns: stsRecord('a'), host: serving });
    assert.deepEqual([later.outcome.kind, later.fetches], ['policy', 1]);
    const other = look(t0 + minute, { stored, dns: stsRecord('b'), host: serving });
    assert.deepEqual([other.outcome.kind, other.fetches], ['policy', 1]);
  });
});

describe('S5: a record with another id, and its policy cannot be had', () => {
  it('the policy in force is applied, and reported as a fallback', () => {
    const { outcome } = look(t0 + hour, {
      stored: firstContact(),
      dns: stsRecord('b'),
      host: failedFetch('tls-webpki', 'mta-sts.example.test: its certificate is for other.test'),
    });
    assert.ok(outcome.kind === 'policy' && outcome.from === 'cache');
    assert.equal(id(outcome), 'a');
    assert.deepEqual(outcome.report, {
      type: 'sts-webpki-invalid',
      because: 'mta-sts.example.test: its certificate is for other.test',
      fallback: true,
    });
    assert.match(
      outcome.because,
      /^the record names a new policy, b, which cannot be had \(.*\); until it can, the policy with the id a/,
    );
  });
});

describe('S6: the policy has ended, and cannot be fetched anew', () => {
  it('is gone, is reported, and is told as what there was', () => {
    const { outcome } = look(t0 + 8 * day, {
      stored: firstContact(),
      dns: stsRecord('a'),
      host: failedFetch('tcp'),
    });
    assert.equal(outcome.kind, 'none');
    assert.equal(id(outcome), 'a');
    assert.deepEqual(outcome.report, {
      type: 'sts-policy-fetch-error',
      because: 'mta-sts.example.test: tcp',
      fallback: false,
    });
    assert.match(outcome.because, /; the policy with the id a has ended 24 h ago$/);
  });

  it('that it has ended is kept also where nothing is fetched', () => {
    const { outcome } = look(t0 + 8 * day, { stored: firstContact(), dns: noRecord });
    assert.equal(outcome.kind, 'none');
    assert.equal(outcome.keep?.clock, t0 + 8 * day);
    assert.equal(look(t0, { stored: outcome.keep, dns: noRecord }).outcome.kind, 'none', 'S22');
  });
});

describe('S7: the id is the same', () => {
  it('mail is not kept waiting by a renewal, which is due once a day and done by a refresh', () => {
    const stored = firstContact();
    const mail = look(t0 + 2 * day, { stored, dns: stsRecord('a') });
    assert.deepEqual([mail.outcome.kind, mail.fetches], ['policy', 0]);
    const refresh = look(t0 + 2 * day, { stored, dns: stsRecord('a'), host: serving }, 'refresh');
    assert.equal(refresh.fetches, 1);
    assert.equal(refresh.outcome.keep?.known?.expiresAt, t0 + 9 * day);
    assert.equal(look(t0 + hour, { stored, dns: stsRecord('a') }, 'refresh').fetches, 0, 'not before');
  });

  it('the record alone lengthens nothing', () => {
    let stored: StsEntry | undefined = firstContact();
    for (let now = t0; now < t0 + 7 * day; now += hour) {
      const { outcome } = look(now, { stored, dns: stsRecord('a') });
      assert.equal(outcome.kind, 'policy');
      stored = outcome.keep ?? stored;
    }
    const { outcome, fetches } = look(t0 + 7 * day, {
      stored,
      dns: stsRecord('a'),
      host: failedFetch('tcp'),
    });
    assert.deepEqual([outcome.kind, fetches], ['none', 1]);
  });

  it('a renewal works also without a record, and keeps the id', () => {
    const { outcome } = look(t0 + day, { stored: firstContact(), dns: noRecord, host: serving }, 'refresh');
    assert.deepEqual(
      [outcome.kind, id(outcome), outcome.keep?.known?.expiresAt],
      ['policy', 'a', t0 + 8 * day],
    );
  });

  it('a renewal that fails ends nothing, is reported, and is tried again', () => {
    const { outcome } = look(
      t0 + day,
      { stored: firstContact(), dns: stsRecord('a'), host: failedFetch('tcp') },
      'refresh',
    );
    assert.ok(outcome.kind === 'policy' && outcome.from === 'cache');
    assert.deepEqual([outcome.report?.type, outcome.report?.fallback], ['sts-policy-fetch-error', true]);
    assert.equal(outcome.keep?.refreshAt, t0 + day + 5 * minute);
    assert.match(
      outcome.because,
      /; it cannot be renewed \(mta-sts.example.test: tcp; tried once, next try in 5 min\)$/,
    );
  });
});

describe('S8: another id', () => {
  it('its policy is fetched at once, and holds from then on', () => {
    const { outcome, fetches } = look(t0 + minute, {
      stored: firstContact(),
      dns: stsRecord('b'),
      host: answered(policyText({ mx: ['new.example.test'] })),
    });
    assert.equal(fetches, 1);
    assert.ok(outcome.kind === 'policy' && outcome.from === 'fetch');
    assert.equal(outcome.known.id, 'b');
    assert.equal(outcome.known.policy.mx[0]?.domain, 'new.example.test');
  });
});

describe('S9: a policy that says none', () => {
  const none = policyText({ mode: 'none', mx: [] });
  it('replaces at once, and asks for nothing', () => {
    const { outcome } = look(t0 + minute, {
      stored: firstContact(),
      dns: stsRecord('b'),
      host: answered(none),
    });
    assert.deepEqual([outcome.kind, id(outcome)], ['none', 'b']);
  });

  it('is kept, and while it holds nothing is reported and nothing fetched', () => {
    const stored = firstContact(none);
    for (const dns of [stsRecord('a'), noRecord, txt('v=STSv1'), servFail]) {
      for (const errand of ['delivery', 'refresh'] as const) {
        const { outcome, fetches } = look(t0 + 6 * day, { stored, dns }, errand);
        assert.deepEqual([outcome.kind, outcome.report, fetches], ['none', null, 0]);
      }
    }
  });
});

describe('S10: a policy that says testing', () => {
  it('is in force as such: what it asks for is looked at and reported, and stops no mail', () => {
    const { outcome } = look(t0, { dns: stsRecord('a'), host: answered(policyText({ mode: 'testing' })) });
    assert.ok(outcome.kind === 'policy');
    assert.equal(outcome.known.policy.mode, 'testing');
    assert.deepEqual(outcome.known.policy.lines, [
      'version: STSv1',
      'mode: testing',
      'mx: mx.example.test',
      'max_age: 604800',
    ]);
  });
});

describe('S11: before mail is given up', () => {
  it('"MUST NOT permanently fail … before checking, via DNS, for the presence of an updated policy": each look asks', () => {
    const { asked } = look(t0 + 1, { stored: firstContact(), dns: stsRecord('a') });
    assert.deepEqual(asked, [recordQuestion('example.test')]);
  });
});

describe('S15: max_age 0', () => {
  it('holds for the mail that has had it fetched, and is fetched anew for the next', () => {
    const host = answered(policyText({ maxAge: 0 }));
    const first = look(t0, { dns: stsRecord('a'), host });
    assert.deepEqual([first.outcome.kind, first.outcome.until], ['policy', t0]);
    const stored = first.outcome.keep ?? undefined;
    assert.equal(look(t0, { stored, dns: stsRecord('a'), host }).fetches, 1);
    assert.equal(look(t0, { stored, dns: noRecord }).outcome.kind, 'none');
  });
});

describe('S22: a clock that is set back', () => {
  it('neither ends a policy nor brings one to life', () => {
    const stored = firstContact();
    assert.equal(look(t0 - 3650 * day, { stored, dns: servFail }).outcome.kind, 'policy');
    const ended = look(t0 + 8 * day, { stored, dns: servFail }).outcome.keep ?? undefined;
    assert.equal(look(t0 + day, { stored: ended, dns: servFail }).outcome.kind, 'unknown');
  });
});

describe('an operator who wants it fetched', () => {
  it('has it fetched, whatever is known and whatever has failed', () => {
    const failing = look(t0, { dns: stsRecord('a'), host: failedFetch('tcp') }).outcome.keep ?? undefined;
    assert.equal(
      look(t0 + 1, { stored: failing, dns: stsRecord('a'), host: serving }, 'forced').outcome.kind,
      'policy',
    );
    assert.equal(
      look(t0 + 1, { stored: firstContact(), dns: stsRecord('a'), host: serving }, 'forced').fetches,
      1,
    );
    assert.equal(look(t0 + 1, { stored: firstContact(), dns: noRecord, host: serving }, 'forced').fetches, 1);
  });

  it('cannot have fetched what there is no sign of', () => {
    assert.equal(look(t0, { dns: noRecord }, 'forced').fetches, 0);
  });

  it('is no mail: that it is used is not noted', () => {
    const { outcome } = look(
      t0 + 2 * day,
      { stored: firstContact(), dns: stsRecord('a'), host: serving },
      'forced',
    );
    assert.equal(outcome.keep?.usedAt, t0);
  });
});

describe('how long the facts may be used', () => {
  it('as long as the answer about the record, at most a day, and never beyond the policy', () => {
    const long = { kind: 'found', txts: ['v=STSv1; id=a'], ttl: 604_800 } as const;
    assert.equal(look(t0, { dns: { ...long, ttl: 300 }, host: serving }).outcome.until, t0 + 300_000);
    assert.equal(look(t0, { dns: long, host: serving }).outcome.until, t0 + day);
    const short = answered(policyText({ maxAge: 3600 }));
    assert.equal(look(t0, { dns: long, host: short }).outcome.until, t0 + hour);
    assert.equal(look(t0, { dns: noRecord }).outcome.until, t0 + 60_000);
    const back = look(t0 - day, { stored: firstContact(), dns: long }).outcome;
    assert.equal(back.until, t0);
  });
});

it('a TXT record whose octets are cut off is none that can be used', () => {
  const dialogue = stsFor(example, { now: t0, jitter: 0, errand: 'delivery' });
  dialogue.next();
  const step = dialogue.next({ kind: 'recalled', recalled: { sts: undefined, overrides: [] } });
  assert.ok(step.done !== true && step.value.kind === 'resolve');
  const { question } = step.value;
  const last = dialogue.next({
    kind: 'resolved',
    answer: {
      kind: 'found',
      question,
      status: 'insecure',
      ttl: 1,
      owner: question.name,
      aliases: [],
      signedSince: null,
      signedUntil: null,
      chain: [],
      because: '',
      errors: [],
      records: [Uint8Array.of(9, 118)],
    },
  });
  assert.ok(last.done === true && last.value.record.kind === 'invalid');
});
