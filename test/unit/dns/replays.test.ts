/**
 * Scenarios of unbound's own tests (BSD), which lie beside the repository: `../shared/vectors/policy/unbound`. Those
 * signed with DSA are signed anew with algorithms that are validated; nothing else of them is changed.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { nsec3Hash } from '../../../src/dns/dnssec/nsec3-hash.ts';
import { verifySignature } from '../../../src/dns/dnssec/signature.ts';
import { labelsOf, root, showName } from '../../../src/dns/name.ts';
import { types } from '../../../src/dns/record.ts';
import { replay } from '../../support/dns/replay.ts';
import { coveredBy, isRrsig, isSignedBy, keyTagOf, readRrsig, signedData } from '../../support/dns/rrsig.ts';
import { type Entry, readEntries, readScenario, type Scenario } from '../../support/dns/scenario.ts';
import { signAnew, usesDsa } from '../../support/dns/sign-anew.ts';

const folder = join(import.meta.dirname, '../../../../shared/vectors/policy/unbound');
const skip = existsSync(folder) ? false : 'no ../shared/vectors/policy/unbound beside the repository';

const any = 'ANY is not asked: no proof shows that an answer to it is whole (RFC 8482)';
const hashes =
  'its 123 rounds of NSEC3 are more than the cap of 100 (RFC 9276 §3.2), so the zone counts as insecure';
const cache = 'unbound answers this out of its cache, by NSEC that it saw before (RFC 8198)';

/** Where we say something else than unbound, step by step, and why. */
const differences: Record<string, { readonly steps: Record<number, string>; readonly because: string }> = {
  'val_any.rpl': { steps: { 1: 'unknown indeterminate' }, because: any },
  'val_any_cname.rpl': { steps: { 1: 'unknown indeterminate' }, because: any },
  'val_any_negcache.rpl': { steps: { 20: 'unknown indeterminate' }, because: any },
  'val_nsec3_wcany.rpl': { steps: { 1: 'unknown indeterminate' }, because: any },
  'val_nsec3_entnodata_optout_match.rpl': { steps: { 1: 'absent insecure' }, because: hashes },
  'val_nsec3_nods_badopt.rpl': { steps: { 1: 'found insecure' }, because: hashes },
  'val_ta_algo_missing.rpl': {
    steps: { 1: 'found secure' },
    because:
      'harden-algo-downgrade is an option of unbound; “validators SHOULD accept any single valid path” (RFC 6840 §5.11)',
  },
  'val_cnametooptout.rpl': {
    steps: { 1: 'unknown insecure' },
    because:
      'NS without SOA is a referral, not an answer that says so (RFC 2308 §2.2); unbound takes it for one',
  },
  'val_negcache_nta.rpl': {
    steps: { 20: 'unknown bogus' },
    because: 'negative trust anchors (RFC 7646) are not configured here',
  },
};

/** Steps that are not about the validation of an answer. */
const notRun: Record<string, { readonly steps: readonly number[]; readonly because: string }> = {
  'val_negcache_ttl.rpl': { steps: [11, 110], because: cache },
  'val_cnameqtype_qmin.rpl': { steps: [140], because: cache },
  'val_dnameqtype_qmin.rpl': { steps: [140, 160], because: cache },
};

const read = (file: string): string => readFileSync(join(folder, file), 'latin1');
const files = globSync('*.rpl', { cwd: folder })
  .map((file) => basename(file))
  .toSorted();

describe('the scenarios of unbound', { skip }, () => {
  let same = 0;

  for (const file of files) {
    const original = readScenario(read(file));
    const { steps: others = {}, because } = differences[file] ?? {};
    const note = because === undefined ? '' : `; different: ${because}`;
    it(`${file}: ${original.title}${usesDsa(original) ? ' (signed anew)' : ''}${note}`, () => {
      const outcomes = replay(usesDsa(original) ? signAnew(original) : original).filter(
        ({ step }) => notRun[file]?.steps.includes(step) !== true,
      );
      assert.notEqual(outcomes.length, 0);
      for (const { step, question, answer, fault } of outcomes) {
        const title = `step ${step}, ${showName(question.name)} ${question.type}: ${answer.because}`;
        const other = others[step];
        if (other === undefined) assert.equal(fault, undefined, title);
        else assert.equal(`${answer.kind} ${answer.status}`, other, title);
      }
      if (because === undefined) same += 1;
    });
  }

  after(() => {
    console.log(`# ${same} of ${files.length} scenarios of unbound come out the same`);
  });

  it('every difference is one of a scenario, and every step that is not run', () => {
    for (const [file, { steps }] of [...Object.entries(differences), ...Object.entries(notRun)]) {
      const numbers = readScenario(read(file)).steps.map((step) => step.number);
      const wanted = Array.isArray(steps) ? steps : Object.keys(steps).map(Number);
      assert.ok(
        wanted.every((step) => numbers.includes(step)),
        file,
      );
    }
  });
});

describe('what the scenarios are read with', { skip }, () => {
  const scenarios = files.map((file): [string, Scenario] => [file, readScenario(read(file))]);

  it('nearly all signatures in them are good by the tests’ own reading', () => {
    let good = 0;
    let bad = 0;
    for (const [, scenario] of scenarios) {
      const entries = entriesOf(scenario);
      const sections = entries.flatMap((one) => [one.answers, one.authority, one.additional]);
      const keys = [...scenario.anchors, ...sections.flat()].filter(({ type }) => type === types.DNSKEY);
      for (const section of sections) {
        for (const record of section.filter(isRrsig)) {
          const rrsig = readRrsig(record.data);
          const set = coveredBy(record, section);
          const own = keys.filter(
            ({ name, data }) =>
              name === rrsig.signer && data[3] === rrsig.algorithm && keyTagOf(data) === rrsig.keyTag,
          );
          if (own.length === 0 || set.length === 0) continue;
          if (own.some(({ data }) => isSignedBy(data, rrsig, set))) good += 1;
          else bad += 1;
        }
      }
    }
    // One is altered on purpose in val_scrub_rr_length, one of val_cname_loop3 is of another target.
    assert.deepEqual([good > 1000, bad], [true, 2]);
  });
});

describe('signatures', { skip }, () => {
  for (const file of globSync('test_sigs.*', { cwd: folder }).toSorted()) {
    const [keys, ...entries] = readEntries(
      read(file)
        .split('\n')
        .map((line) => line.trim()),
    );
    for (const [index, entry] of entries.entries()) {
      // By the convention of these files a question for bogus.… has a bad signature.
      const expected = labelsOf(entry.question.name)[0] !== 'bogus';
      it(`${file}, entry ${index + 2}: ${expected ? 'good' : 'bad'}`, () => {
        const [signature] = entry.answers.filter(isRrsig);
        assert.ok(signature !== undefined);
        const rrsig = readRrsig(signature.data);
        const data = signedData(rrsig, coveredBy(signature, entry.answers));
        const good = (keys?.answers ?? []).some(
          (key) =>
            key.data[3] === rrsig.algorithm &&
            verifySignature({
              algorithm: rrsig.algorithm,
              publicKey: key.data.subarray(4),
              data,
              signature: rrsig.signature,
            }),
        );
        assert.equal(good, expected);
      });
    }
  }
});

describe('hashes of NSEC3', { skip }, () => {
  const entries = readEntries(
    skip === false
      ? read('test_nsec3_hash.1')
          .split('\n')
          .map((line) => line.trim())
      : [],
  );
  for (const { question, answers, authority } of entries) {
    it(`of ${showName(question.name)}`, () => {
      const [hash] = labelsOf(answers[0]?.name ?? root);
      const parameters = Buffer.from(authority[0]?.data ?? []);
      const salt = parameters.subarray(5, 5 + parameters.readUInt8(4));
      assert.equal(nsec3Hash(question.name, salt, parameters.readUInt16BE(2)), hash);
    });
  }
});

function entriesOf({ ranges, steps }: Scenario): Entry[] {
  return [...ranges.flatMap(({ entries }) => entries), ...steps.flatMap(({ entry }) => entry ?? [])];
}
