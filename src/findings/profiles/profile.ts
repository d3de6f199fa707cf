/** A profile: what somebody demands of mail servers, as plain data. What is made of it is in evaluate.ts. */
import type { Severity } from '../check.ts';
import type { FindingScope } from '../finding.ts';

/** How good a choice is, from the best on: the four levels of NCSC-NL, which serve for others, too. */
export const levels = ['good', 'sufficient', 'phase-out', 'insufficient'] as const;
export type Level = (typeof levels)[number];

/**
 * What came of a requirement.
 *
 * `not-tested`: this depth, or this tester, does not look at it, or the server could not be seen; that never counts as met.
 * `not-applicable`: there is nothing that it could be about.
 */
export const requirementStates = ['met', 'not-met', 'not-tested', 'not-applicable'] as const;
export type RequirementState = (typeof requirementStates)[number];

/** What a server has several of, and each of them has a level. */
export const facets = ['version', 'suite', 'group', 'key', 'signature'] as const;
export type Facet = (typeof facets)[number];

/** What is looked at directly, where no finding says just that. */
export const factNames = [
  'mail-hosts',
  'mx-signed',
  'hosts-signed',
  'starttls',
  'tls-1.2',
  'web-pki',
  'tlsa',
  'tlsa-match',
  'dmarc-reject',
  'dmarc-reports',
] as const;
export type FactName = (typeof factNames)[number];

/**
 * By level, from the best on, the choices that have it; what stands nowhere is insufficient.
 *
 * A choice is a name (`TLSv1.3`, `secp256r1`, `sha256`), a name with `*` for any characters, or a kind of key with the least
 * number of bits (`RSA>=3072`).
 */
export type LevelTable = Readonly<Partial<Record<Level, readonly string[]>>>;

export interface FindingsTest {
  readonly kind: 'findings';
  /** Ids of checks, or beginnings of ids up to a dot: all that is found of them has to pass. */
  readonly ids: readonly string[];
  /** The same, of those that do not matter. */
  readonly except?: readonly string[];
  /** What it means that nothing was found of an id: by default `not-tested`. */
  readonly silent?: 'met' | 'not-applicable';
}

export interface LevelsTest {
  readonly kind: 'levels';
  readonly facet: Facet;
  readonly table: LevelTable;
  /** The lowest level that will do. */
  readonly least: Level;
  /** How bad it is where nothing worse than `phase-out` is there. */
  readonly phaseOut: Severity;
}

export interface FactTest {
  readonly kind: 'fact';
  readonly fact: FactName;
  /** Of `dmarc-reports`: the mailbox that has to get them. */
  readonly mailbox?: string;
}

/** What nobody sees from outside, or what belongs to another check than that of mail servers. */
interface OutsideTest {
  readonly kind: 'outside';
  /** One sentence. */
  readonly because: string;
}

export type SimpleTest = FindingsTest | LevelsTest | FactTest | OutsideTest;
export type Test = SimpleTest | { readonly kind: 'all' | 'any'; readonly of: readonly SimpleTest[] };

export interface Requirement {
  /** Stable within the profile. */
  readonly id: string;
  /** What has to hold, as a sentence without its full stop. */
  readonly title: string;
  /** Where the source says so: `RFC 8461 §4.2`. */
  readonly clause: string;
  /** Where in the source it stands could not be confirmed. */
  readonly unconfirmed?: true;
  /** Of its not being met. */
  readonly severity: Severity;
  readonly test: Test;
}

/** A text that a profile goes by. */
interface Source {
  readonly title: string;
  /** By whom, and of when. */
  readonly edition: string;
  /** What of it was read, and what is known from others; a sentence. */
  readonly read: string;
}

export interface Profile {
  readonly name: string;
  readonly title: string;
  readonly sources: readonly Source[];
  /** How bad findings are under the profile, by id or beginning of an id; of several that fit the longest counts. */
  readonly severities: Readonly<Record<string, Severity>>;
  /** Whether findings that are not named there count for the exit code. */
  readonly others: 'count' | 'ignore';
  readonly requirements: readonly Requirement[];
}

/** What a test came to at one place. */
export interface Verdict {
  readonly state: RequirementState;
  readonly scope: FindingScope;
  /** At least one line. */
  readonly evidence: readonly string[];
  /** Of a test by levels: the worst that was seen there. */
  readonly level?: Level;
  /** That there may be worse there, which was not looked at. */
  readonly isOpen?: true;
}

/** A requirement with what came of it. */
export interface Assessed {
  readonly requirement: Requirement;
  readonly state: RequirementState;
  /** Of its not being met, or not tested; of what is outside of this check `info`. */
  readonly severity: Severity;
  /** How bad it may be what of it was not tested, though something else of it may be known; null where all of it was. */
  readonly untested: Severity | null;
  readonly level: Level | null;
  /** Whether it is outside of this check. */
  readonly outside: boolean;
  readonly verdicts: readonly Verdict[];
}

/** Whether an id is meant by an id, or by the beginning of one. */
export function isMeant(id: string, part: string): boolean {
  return id === part || id.startsWith(`${part}.`);
}
