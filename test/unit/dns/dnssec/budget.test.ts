import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  budgetOfQuestion,
  budgetOfZone,
  charge,
  MOST_LABELS,
  spend,
} from '../../../../src/dns/dnssec/budget.ts';
import type { Message } from '../../../../src/dns/message.ts';
import { types } from '../../../../src/dns/record.ts';
import {
  about,
  build,
  type Hierarchy,
  look,
  now,
  verdict,
  type ZoneSpec,
} from '../../../support/dns/hierarchy.ts';
import { readName } from '../../../support/dns/name-text.ts';
import { collidingWith, keyRecord, newKey, rrsigRecord } from '../../../support/dns/signer.ts';

describe('a budget', () => {
  it('is taken from until it does not suffice', () => {
    const budget = { ...budgetOfQuestion(), iterations: 5 };
    assert.equal(spend(budget, 'iterations', 3), true);
    assert.equal(spend(budget, 'iterations', 3), false);
    assert.equal(spend(budget, 'iterations', 2), true);
    assert.equal(spend(budget, 'iterations'), false);
  });

  it('is charged for the zones that a question makes known', () => {
    const [starter, spent] = [budgetOfQuestion(), budgetOfZone()];
    spend(spent, 'verifications', 4);
    spend(spent, 'iterations', 500);
    spend(spent, 'questions', 3);
    charge(starter, spent);
    assert.equal(budgetOfQuestion().zones - starter.zones, 14);
    assert.equal(budgetOfQuestion().questions - starter.questions, 3);
    assert.equal(starter.verifications, budgetOfQuestion().verifications);
  });
});

const times = { inception: now - 3600, expiration: now + 7200 };
const keys = [newKey(13), ...[0, 1, 2].map((salt) => collidingWith(newKey(13), salt))];
const plain: ZoneSpec[] = [
  { name: '.' },
  { name: 'test.' },
  { name: 'leaf.test.', text: 'www A 192.0.2.1\n' },
];

/** Signatures of the right form that fit nothing. */
function junk(count: number, honest: Message, hierarchy: Hierarchy, zone: string): Message {
  const [key = newKey(13)] = hierarchy.keys.get(readName(zone)) ?? [];
  const set = honest.answers.filter(({ type }) => type !== types.RRSIG);
  const signatures = Array.from({ length: count }, (_, index) =>
    rrsigRecord(set, readName(zone), key, times, { signature: new Uint8Array(64).fill(index + 1) }),
  );
  return { ...honest, answers: [...set, ...signatures] };
}

describe('KeyTrap (CVE-2023-50387): what is too much to check is bogus and never insecure', () => {
  const hierarchy = build(plain);

  it('many signatures over the answer', () => {
    const lie = about('www.leaf.test. A', (honest) => junk(200, honest, hierarchy, 'leaf.test.'));
    const looked = look(hierarchy, 'www.leaf.test. A', lie);
    assert.equal(verdict(looked), 'bogus unknown');
    assert.match(
      looked.answer.because,
      /too many signatures and keys would have to be tried for A at www\.leaf\.test/,
    );
    // 5 for the chain of trust, and 8 for the set.
    assert.equal(looked.verifications, 5 + 8);
    // Nothing is asked in order to find it insecure.
    assert.equal(looked.asked.length, 6);
  });

  it('many signatures over keys, DS and DNSKEY', () => {
    for (const question of ['leaf.test. DNSKEY', 'leaf.test. DS', '. DNSKEY']) {
      const zone = question === 'leaf.test. DNSKEY' ? 'leaf.test.' : question === '. DNSKEY' ? '.' : 'test.';
      const lie = about(question, (honest) => junk(200, honest, hierarchy, zone));
      const looked = look(hierarchy, 'www.leaf.test. A', lie);
      assert.equal(verdict(looked), 'bogus unknown', question);
      assert.ok(looked.verifications <= 13, `${question}: ${looked.verifications}`);
    }
  });

  it('many keys of one tag, each tried with many signatures', () => {
    const [key = newKey(13)] = keys;
    const colliding = Array.from({ length: 60 }, (_, salt) => collidingWith(key, salt));
    const set = colliding.map((one) => keyRecord(readName('leaf.test.'), one));
    const traps = build([
      ...plain.slice(0, 2),
      { name: 'leaf.test.', text: 'www A 192.0.2.1\n', signing: { keys: [key] } },
    ]);
    const lie = about('leaf.test. DNSKEY', (honest) => {
      const records = [...honest.answers.filter(({ type }) => type !== types.RRSIG), ...set];
      const signed = Array.from({ length: 60 }, (_, index) =>
        rrsigRecord(records, readName('leaf.test.'), key, times, {
          signature: new Uint8Array(64).fill(index + 1),
        }),
      );
      return { ...honest, answers: [...records, ...signed] };
    });
    const looked = look(traps, 'www.leaf.test. A', lie);
    assert.equal(verdict(looked), 'bogus unknown');
    assert.ok(looked.verifications <= 4 + 8, String(looked.verifications));
  });

  it('many DS that fit the tag of many keys', () => {
    const [key = newKey(13)] = keys;
    const digests = Array.from({ length: 100 }, (_, index) => index);
    const traps = build([
      ...plain.slice(0, 2),
      {
        name: 'leaf.test.',
        text: 'www A 192.0.2.1\n',
        signing: { keys: [key] },
        ds: (zone, [own = key]) =>
          digests.map((index) => {
            const head = Uint8Array.of(own.tag >> 8, own.tag & 0xff, 13, 2);
            return {
              name: zone,
              type: types.DS,
              ttl: 3600,
              data: Buffer.concat([head, Buffer.alloc(32, index)]),
            };
          }),
      },
    ]);
    const looked = look(traps, 'www.leaf.test. A');
    assert.equal(verdict(looked), 'bogus unknown');
    assert.match(looked.answer.because, /leaf\.test has more keys and DS than are worth the work/);
  });
});

describe('what one question may lead to', () => {
  it('a tower of zones is gone up as far as an address in ip6.arpa is long, and no further', () => {
    // `test.` has one label, and each floor one more.
    const deep = Array.from({ length: MOST_LABELS }, (_, index) => `${'d.'.repeat(index + 1)}test.`);
    const zones = build([
      { name: '.' },
      { name: 'test.' },
      ...deep.map((name) => ({ name, text: 'www A 192.0.2.1\n' })),
    ]);
    assert.equal(verdict(look(zones, `www.${deep.at(-2)} A`)), 'secure found');
    const looked = look(zones, `www.${deep.at(-1)} A`);
    assert.equal(verdict(looked), 'bogus unknown');
    assert.ok(looked.asked.length < 130, String(looked.asked.length));
  });

  it('a name of many labels without signatures does not make us ask for all of them', () => {
    const label = 'x.'.repeat(110);
    const leaf = build([...plain.slice(0, 2), { name: 'leaf.test.', text: `${label}www A 192.0.2.1\n` }]);
    const question = `${label}www.leaf.test. A`;
    const lie = about(question, (honest) => ({
      ...honest,
      answers: honest.answers.filter(({ type }) => type !== types.RRSIG),
    }));
    assert.equal(verdict(look(leaf, question)), 'secure found');
    const looked = look(leaf, question, lie);
    assert.equal(verdict(looked), 'bogus unknown');
    assert.ok(looked.asked.length < 70, String(looked.asked.length));
  });

  it('aliases through many zones end with the questions', () => {
    const names = Array.from({ length: 9 }, (_, index) => `a${index}.test.`);
    const chain = names.map((name, index): ZoneSpec[] => {
      const below = Array.from({ length: 8 }, (_one, depth) => `${'d.'.repeat(depth + 1)}${name}`);
      const next =
        index + 1 < names.length
          ? `www CNAME www.${'d.'.repeat(8)}${names[index + 1]}\n`
          : 'www A 192.0.2.1\n';
      return [{ name }, ...below.map((zone) => ({ name: zone, text: next }))];
    });
    const long = build([{ name: '.' }, { name: 'test.' }, ...chain.flat()]);
    const looked = look(long, `www.${'d.'.repeat(8)}a0.test. A`, (question, honest) =>
      // A resolver that follows no alias.
      ({ ...honest, answers: honest.answers.filter(({ name }) => name === question.name) }),
    );
    assert.equal(verdict(looked), 'bogus unknown');
    assert.match(looked.answer.because, /than one question is worth/);
    assert.ok(looked.asked.length < 130, String(looked.asked.length));
    assert.ok(looked.verifications < 250, String(looked.verifications));
  });

  it('hashing (CVE-2023-50868): names of many labels in a zone of many rounds', () => {
    const hierarchy = build([
      ...plain.slice(0, 2),
      {
        name: 'leaf.test.',
        text: `${'x.'.repeat(100)}www A 192.0.2.1\n`,
        denial: { iterations: 100, optOut: false },
      },
    ]);
    assert.equal(verdict(look(hierarchy, `${'y.'.repeat(100)}leaf.test. A`)), 'secure no-such-name');
    const started = process.cpuUsage();
    const looked = look(hierarchy, `y.${'x.'.repeat(99)}www.leaf.test. A`);
    const { user, system } = process.cpuUsage(started);
    assert.equal(verdict(looked), 'bogus unknown');
    assert.match(looked.answer.because, /ask for more hashing than one question is worth/);
    assert.ok(user + system < 400_000, `${user + system} µs`);
  });
});
