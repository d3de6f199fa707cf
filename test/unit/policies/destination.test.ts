import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '../../../src/dns/answer.ts';
import { showName } from '../../../src/dns/name.ts';
import { type Question, types } from '../../../src/dns/record.ts';
import { drive } from '../../../src/lookup/drive.ts';
import {
  type DestinationFacts,
  factsOfDomain,
  factsOfHost,
  MOST_HOSTS,
} from '../../../src/policies/destination.ts';
import type { PolicyLookUp } from '../../../src/policies/look-ups.ts';
import { DOMAIN, nameOf, overrideOf } from '../../support/destinations.ts';

const terms = { now: 1000, jitter: 0, errand: 'delivery' } as const;

interface Asked {
  readonly facts: DestinationFacts;
  readonly asked: readonly string[];
}

/** @param records RDATA by `name TYPE`; of all else there is nothing, securely. `null`: no answer comes. */
async function asked(
  dialogue: PolicyLookUp<DestinationFacts>,
  records: Readonly<Record<string, readonly Uint8Array[] | null>>,
): Promise<Asked> {
  const questions: string[] = [];
  const resolve = (question: Question): Promise<Answer> => {
    const type = Object.entries(types).find(([, number]) => number === question.type)?.[0] ?? '';
    const what = `${showName(question.name)} ${type}`;
    questions.push(what);
    const common = {
      question,
      status: 'secure',
      ttl: 300,
      owner: question.name,
      aliases: [],
      signedSince: null,
      signedUntil: null,
      chain: [],
      because: 'of the test',
      errors: [],
    } as const;
    const found = records[what];
    if (found === null) return Promise.resolve({ ...common, kind: 'unknown', unproven: [] });
    return Promise.resolve(
      found === undefined
        ? { ...common, kind: 'absent', what: 'no-such-record' }
        : { ...common, kind: 'found', records: found },
    );
  };
  const facts = await drive(dialogue, {
    resolve,
    fetch: () => Promise.reject(new Error('nothing is to be fetched')),
    recall: (domain) => ({ sts: undefined, overrides: [{ ...overrideOf('may'), domain }] }),
  });
  return { facts, asked: questions };
}

const address = [Uint8Array.of(192, 0, 2, 1)];

function mx(preference: number, label: string): Uint8Array {
  return Uint8Array.of(0, preference, label.length, ...Buffer.from(label), 4, ...Buffer.from('test'), 0);
}

describe('what is asked about a domain', () => {
  it('RFC 7672 §2.2.3: TLSA records stand at the port that is used', async () => {
    const records = { 'example.test MX': [mx(10, 'a')], 'a.test A': address };
    const { asked: questions } = await asked(factsOfDomain(DOMAIN, terms, 587), records);
    assert.deepEqual(
      questions.filter((question) => question.endsWith('TLSA')),
      ['_587._tcp.a.test TLSA'],
    );
  });

  it('MX, the record of MTA-STS, then addresses of each host, then its TLSA records', async () => {
    const { facts, asked: questions } = await asked(factsOfDomain(DOMAIN, terms), {
      'example.test MX': [mx(20, 'b'), mx(10, 'a')],
      'a.test A': address,
    });
    assert.deepEqual(questions.slice(0, 2), ['example.test MX', '_mta-sts.example.test TXT']);
    assert.deepEqual(
      facts.hosts.map(({ preference, facts: host }) => [preference, host.host, host.kind]),
      [
        [10, 'a.test', 'found'],
        [20, 'b.test', 'absent'],
      ],
    );
    assert.ok(questions.indexOf('a.test A') < questions.indexOf('_25._tcp.a.test TLSA'));
    assert.ok(!questions.includes('_25._tcp.b.test TLSA'));
    assert.equal(facts.override?.reason, 'of the test');
  });

  it('D1: no host at all where the MX records cannot be learnt', async () => {
    const { facts, asked: questions } = await asked(factsOfDomain(DOMAIN, terms), {
      'example.test MX': null,
      'example.test A': address,
    });
    assert.equal(facts.way.kind, 'unknown');
    assert.deepEqual(facts.hosts, []);
    assert.ok(!questions.includes('example.test A'));
  });

  it('D3: and none for a null MX, no TLSA records either', async () => {
    const { facts, asked: questions } = await asked(factsOfDomain(DOMAIN, terms), {
      'example.test MX': [Uint8Array.of(0, 0, 0)],
    });
    assert.equal(facts.way.kind, 'null');
    assert.deepEqual(questions, ['example.test MX', '_mta-sts.example.test TXT']);
  });

  it('D4: the domain itself where there are no MX records', async () => {
    const { facts, asked: questions } = await asked(factsOfDomain(DOMAIN, terms), {
      'example.test A': address,
    });
    assert.equal(facts.way.kind, 'implicit');
    assert.ok(questions.includes('_25._tcp.example.test TLSA'));
  });

  it(`no more than the ${MOST_HOSTS} best hosts`, async () => {
    const records = Array.from({ length: 30 }, (_, index) => mx(30 - index, `h${index}`));
    const { facts } = await asked(factsOfDomain(DOMAIN, terms), { 'example.test MX': records });
    assert.deepEqual(
      facts.hosts.map(({ preference }) => preference),
      Array.from({ length: MOST_HOSTS }, (_, index) => index + 1),
    );
  });

  it('D22: of a configured host no MX records, the TLSA records of its port, and its own policy', async () => {
    const host = nameOf('mail.test');
    const { facts, asked: questions } = await asked(factsOfHost(host, 587, terms), {
      'mail.test A': address,
    });
    assert.deepEqual(questions.toSorted(), [
      '_587._tcp.mail.test TLSA',
      '_mta-sts.mail.test TXT',
      'mail.test A',
      'mail.test AAAA',
    ]);
    assert.deepEqual(facts.way, { kind: 'configured', host });
    assert.equal(facts.override?.domain, host);
  });

  it('S19: nothing is asked of the parent of a subdomain', async () => {
    const { asked: questions } = await asked(factsOfDomain(nameOf('mail.example.test'), terms), {});
    assert.deepEqual(
      questions.filter((one) => !one.includes('mail.example.test')),
      [],
    );
  });
});
