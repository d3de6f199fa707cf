/** Hierarchies of zones for tests of validation, and questions to them: what comes, and what it cost. */
import type { Answer } from '../../../src/dns/answer.ts';
import { verifySignature } from '../../../src/dns/dnssec/signature.ts';
import { validated } from '../../../src/dns/dnssec/validate.ts';
import type { Asked, LookUp } from '../../../src/dns/look-ups.ts';
import type { Message } from '../../../src/dns/message.ts';
import { isAtOrBelow, type Name, showName } from '../../../src/dns/name.ts';
import type { Question, ResourceRecord } from '../../../src/dns/record.ts';
import { showType } from '../../../src/dns/show.ts';
import { answerOver } from './authority.ts';
import { drive } from './drive.ts';
import { readName } from './name-text.ts';
import { messageOf } from './recursion.ts';
import { anchorsOf } from './replay.ts';
import { type SignedZone, signZone, type ZonePlan } from './signed-zone.ts';
import { dsRecord, newKey, type Signing, type SigningKey, signedWith } from './signer.ts';
import { readQuestion } from './zone-text.ts';

/** Seconds since 1970 at which tests look. */
export const now = 1_790_000_000;

const DAY = 86_400;
const times = { inception: now - DAY, expiration: now + 7 * DAY };

/** One zone; delegations to the zones below are added. */
export interface ZoneSpec {
  readonly name: string;
  readonly text?: string;
  readonly denial?: ZonePlan['denial'];
  /** Where not as usual: one key of ECDSA P-256, which signs everything. */
  readonly signing?: Partial<Signing>;
  /** What the zone above says of it instead of the DS of its first key. */
  readonly ds?: (zone: Name, keys: readonly SigningKey[]) => readonly ResourceRecord[];
}

export interface Hierarchy {
  readonly zones: readonly SignedZone[];
  readonly keys: ReadonlyMap<Name, readonly SigningKey[]>;
  /** The DS of the zone's first key. */
  readonly ds: (zone: string) => ResourceRecord;
}

/** What may be told instead of the truth; undefined for the truth. */
export type Lie = (question: Question, honest: Message) => Message | Asked | undefined;

export interface Look {
  readonly answer: Answer;
  /** `DS leaf.test`, in their order. */
  readonly asked: readonly string[];
  readonly verifications: number;
}

/** Signs zones, the lowest first. */
export function build(specs: readonly ZoneSpec[]): Hierarchy {
  const done: {
    spec: ZoneSpec;
    zone: SignedZone;
    keys: readonly SigningKey[];
    ds: readonly ResourceRecord[];
  }[] = [];
  const deepestFirst = specs.toSorted((a, b) => readName(b.name).length - readName(a.name).length);
  for (const spec of deepestFirst) {
    const apex = readName(spec.name);
    const children = done.filter(({ zone }) => zone.apex !== apex && parentAmong(specs, zone.apex) === apex);
    const cuts = children.map((child) => `${child.spec.name} NS ns.invalid.\n`).join('');
    const signed = children.map(({ zone, ds }) =>
      ds.length === 0 ? { ...zone, denial: 'unsigned' as const } : zone,
    );
    const denial = spec.denial ?? 'nsec';
    const plain = signZone({ ...times, name: spec.name, text: `${cuts}${spec.text ?? ''}`, denial }, signed);
    const keys = denial === 'unsigned' ? [] : (spec.signing?.keys ?? [newKey(13)]);
    const ds = children.flatMap((child) => child.ds);
    const zone = denial === 'unsigned' ? plain : signedWith(plain, { ...times, ds, ...spec.signing, keys });
    done.push({ spec, zone, keys, ds: dsOf(spec, apex, keys) });
  }
  const keys = new Map(done.map((one) => [one.zone.apex, one.keys]));
  const ds = (zone: string): ResourceRecord => {
    const [first] = keys.get(readName(zone)) ?? [];
    if (first === undefined) throw new Error(`${zone} has no key`);
    return dsRecord(readName(zone), first);
  };
  return { zones: done.map(({ zone }) => zone), keys, ds };
}

function dsOf({ ds }: ZoneSpec, apex: Name, keys: readonly SigningKey[]): readonly ResourceRecord[] {
  if (ds !== undefined) return ds(apex, keys);
  return keys.slice(0, 1).map((key) => dsRecord(apex, key));
}

function parentAmong(specs: readonly ZoneSpec[], apex: Name): Name | undefined {
  return specs
    .map(({ name }) => readName(name))
    .filter((name) => name !== apex && isAtOrBelow(apex, name))
    .toSorted((a, b) => b.length - a.length)[0];
}

/** Terms that differ from the usual: the root's DS, now, with SHA-1. */
export interface LookTerms {
  readonly anchors?: readonly ResourceRecord[];
  readonly now?: number;
  readonly sha1?: boolean;
}

/** Asks a question, as `www.leaf.test. A`. */
export function look(hierarchy: Hierarchy, text: string, lie?: Lie, terms: LookTerms = {}): Look {
  const asked: string[] = [];
  let verifications = 0;
  const at = terms.now ?? now;
  const anchors = anchorsOf(terms.anchors ?? [hierarchy.ds('.')]);
  const dialogue = validated(readQuestion(text), { now: at, anchors, sha1: terms.sha1 ?? true });
  const answer = run(dialogue, {
    now: at,
    ask: (question) => {
      asked.push(`${showType(question.type)} ${showName(question.name)}`);
      const honest = messageOf(question, answerOver(hierarchy.zones, question));
      const told = lie?.(question, honest) ?? honest;
      return 'kind' in told ? told : { kind: 'message', message: told, from: '192.0.2.53:53 (UDP)' };
    },
    verify: (check) => {
      verifications += 1;
      return verifySignature(check);
    },
  });
  return { answer, asked, verifications };
}

function run(dialogue: LookUp<Answer>, hands: Parameters<typeof drive>[1]): Answer {
  return drive(dialogue, hands);
}

/** A lie about one question only. */
export function about(text: string, change: (honest: Message) => Message | Asked): Lie {
  const { name, type } = readQuestion(text);
  return (question, honest) =>
    question.name === name && question.type === type ? change(honest) : undefined;
}

/** Status and outcome in a word: `secure found`, `bogus unknown`, `secure no-such-name`. */
export function verdict({ answer }: Look): string {
  return `${answer.status} ${answer.kind === 'absent' ? answer.what : answer.kind}`;
}
