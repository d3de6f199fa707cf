/**
 * Lies about what real servers said: conversations with unbound over zones of the lab, signed by BIND, Knot and ldns.
 *
 * `TAMPERED_RUNS` says how many random ones are run (20,000), `TAMPERED_SEED` which.
 */
import assert from 'node:assert/strict';
import { parseAnchors } from '../../src/dns/anchors.ts';
import { isAtOrBelow } from '../../src/dns/name.ts';
import { type Question, types } from '../../src/dns/record.ts';
import { typeNumber } from '../lab/dig.ts';
import { labTests } from '../lab/lab-test.ts';
import { questions, zones } from '../lab/zones.ts';
import { attackOn, namesOfLies, showCounts } from '../support/dns/attack.ts';
import { type Conversation, keyOf } from '../support/dns/conversation.ts';
import { readName } from '../support/dns/name-text.ts';
import { randomOf } from '../support/dns/random.ts';
import { openRecorder } from '../support/dns/recorder.ts';
import { coveredType, isRrsig, readRrsig } from '../support/dns/rrsig.ts';
import { signZone } from '../support/dns/signed-zone.ts';
import type { Forger, Walked } from '../support/dns/tamper.ts';

const runs = Number(process.env['TAMPERED_RUNS'] ?? 20_000);
const seed = Number(process.env['TAMPERED_SEED'] ?? 1);

/** Every so many of the lab's questions. */
const EVERY = 6;

const overCap = zones
  .filter(
    ({ signing }) => signing !== undefined && signing.denial !== 'NSEC' && signing.denial.iterations > 100,
  )
  .map(({ name }) => readName(name));

/** A zone below `test` that somebody signs, and nobody delegates to. */
function strangerAt(now: number): Forger {
  const times = { inception: now - 86_400, expiration: now + 86_400 };
  const { apex, key, sign } = signZone({ name: 'stranger.test.', text: '', denial: 'nsec', ...times }, []);
  return { apex, key: key.data, sign };
}

/** Every record of denial that was heard, with its signatures. */
function walkOf(conversations: readonly Conversation[]): Walked[] {
  const heard = conversations.flatMap(({ said }) => said.flatMap(({ message }) => message.authority));
  const denials = heard.filter((one) => [types.NSEC, types.NSEC3].some((type) => type === coveredType(one)));
  const sets = Map.groupBy(denials, (one) => `${coveredType(one)} ${one.name}`);
  return [...sets.values()].flatMap((records) => {
    const signature = records.find(isRrsig);
    return signature === undefined ? [] : [{ apex: readRrsig(signature.data).signer, records }];
  });
}

const labTest = labTests();

labTest(
  'lies about answers of unbound, over zones of BIND, Knot and ldns: nothing false is believed',
  async (lab, t) => {
    const anchors = parseAnchors(lab.anchor);
    assert.ok(anchors.kind === 'ok');
    const now = Math.floor(Date.now() / 1000);
    const recorder = await openRecorder(lab.resolvers.plain, anchors.anchors, now);
    t.after(recorder.close);
    const conversations: Conversation[] = [];
    for (const { name, type } of questions.filter((_, index) => index % EVERY === 0)) {
      const conversation = await recorder.record({ name: readName(name), type: typeNumber(type) });
      // What was broken on purpose may be mended by a lie.
      if (['secure', 'insecure'].includes(conversation.truth.status)) conversations.push(conversation);
    }
    const { counts, attempt, attemptMany } = attackOn({
      conversations,
      ask: recorder.known,
      askBefore: () => undefined,
      forgers: [strangerAt(now)],
      walk: walkOf(conversations),
      isOverCap: ({ name }: Question) => overCap.some((apex) => isAtOrBelow(name, apex)),
    });
    const random = randomOf(seed);
    for (const name of namesOfLies) {
      for (const conversation of conversations) {
        attempt(conversation, new Map([[keyOf(conversation.question), [name]]]), random);
      }
    }
    attemptMany(runs, random);
    t.diagnostic(`${conversations.length} conversations; ${showCounts(counts)}`);
    assert.ok(counts.lies > 20_000);
  },
);
