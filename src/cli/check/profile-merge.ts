/** From a profile as it is written, and the one that it extends, to the one that is in force. */
import { builtIn } from '../../findings/profiles/built-in.ts';
import { defaultProfile } from '../../findings/profiles/default.ts';
import type { Profile, Requirement, SimpleTest, Test } from '../../findings/profiles/profile.ts';
import type { WrittenProfile, WrittenRequirement, WrittenTest } from './profile-schema.ts';

/** What is wrong, at a path of keys and indexes. */
interface MergeFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export interface Merged {
  readonly profile: Profile;
  /** All of them; the profile is of no use where there are some. */
  readonly faults: readonly MergeFault[];
}

export function mergeProfile(written: WrittenProfile): Merged {
  const base = builtIn.find(({ name }) => name === written.extends) ?? defaultProfile;
  const faults: MergeFault[] = [];
  const changes = new Map(Object.entries(written.requirements ?? {}));
  const kept = base.requirements.flatMap((requirement) => {
    const change = changes.get(requirement.id);
    if (change === undefined) return [requirement];
    if (change.leave_out === true) return [];
    return [changed(requirement, change, written.name, faults)];
  });
  const known = new Set(base.requirements.map(({ id }) => id));
  const added = [...changes]
    .filter(([id]) => !known.has(id))
    .flatMap(([id, change]) => fresh(id, change, written, faults));
  return {
    faults,
    profile: {
      name: written.name,
      title: written.title ?? (base === defaultProfile ? written.name : base.title),
      sources: base.sources,
      severities: { ...base.severities, ...written.findings },
      others: written.others ?? base.others,
      requirements: [...kept, ...added],
    },
  };
}

/** A requirement of the profile that is extended, as far as the file says otherwise. */
function changed(
  base: Requirement,
  change: WrittenRequirement,
  name: string,
  faults: MergeFault[],
): Requirement {
  const path = ['requirements', base.id];
  const { title, clause, severity } = change;
  const test = isTestOf(change) ? testOf(change, path, faults) : refined(base.test, change, path, faults);
  const { unconfirmed: _, ...kept } = base;
  const isOther = test !== base.test && clause === undefined;
  return {
    ...(clause === undefined && !isOther ? base : kept),
    title: title ?? base.title,
    clause: clause ?? (isOther ? `${name}, in place of ${base.clause}` : base.clause),
    severity: severity ?? base.severity,
    test,
  };
}

/** A new requirement; none where the file leaves out what is not there. */
function fresh(
  id: string,
  change: WrittenRequirement,
  { name, extends: base = defaultProfile.name }: WrittenProfile,
  faults: MergeFault[],
): readonly Requirement[] {
  const path = ['requirements', id];
  const { title, clause, severity, leave_out: leaveOut } = change;
  if (leaveOut !== undefined) {
    faults.push({ path: [...path, 'leave_out'], message: `${base} has no requirement of this id` });
    return [];
  }
  if (title === undefined) faults.push({ path: [...path, 'title'], message: 'is missing' });
  const test = testOf(change, path, faults);
  return [{ id, title: title ?? id, clause: clause ?? name, severity: severity ?? 'medium', test }];
}

/** Which test it is, by the key that only that one has. */
const KINDS = ['findings', 'facet', 'fact', 'any', 'all'] as const;

function kindsOf(written: WrittenRequirement): readonly (typeof KINDS)[number][] {
  return KINDS.filter((kind) => written[kind] !== undefined);
}

function isTestOf(written: WrittenRequirement): boolean {
  return kindsOf(written).length > 0;
}

function testOf(written: WrittenRequirement, path: MergeFault['path'], faults: MergeFault[]): Test {
  const { any, all } = written;
  const kinds = kindsOf(written);
  if (kinds.length > 1) {
    faults.push({ path, message: `has more than one test: ${kinds.join(', ')}` });
    return nothing;
  }
  const several = any ?? all;
  if (several === undefined) return simpleTestOf(written, path, faults);
  const kind = any === undefined ? 'all' : 'any';
  return { kind, of: several.map((one, index) => simpleTestOf(one, [...path, kind, index], faults)) };
}

const nothing: SimpleTest = { kind: 'outside', because: 'it has no test' };

function simpleTestOf(written: WrittenTest, path: MergeFault['path'], faults: MergeFault[]): SimpleTest {
  const {
    findings,
    facet,
    fact,
    except,
    silent,
    levels,
    least,
    phase_out_severity: phaseOut,
    mailbox,
  } = written;
  const tests = [findings, facet, fact].filter((one) => one !== undefined).length;
  if (tests !== 1) {
    const message = tests === 0 ? 'has no test' : 'has more than one test';
    faults.push({ path, message: `${message}: one of findings, facet, fact, any, all belongs to it` });
    return nothing;
  }
  misplaced(written, path, faults);
  if (findings !== undefined)
    return {
      kind: 'findings',
      ids: findings,
      ...(except === undefined ? {} : { except }),
      ...(silent === undefined || silent === 'not-tested' ? {} : { silent }),
    };
  if (facet !== undefined) {
    if (levels === undefined) faults.push({ path: [...path, 'levels'], message: 'is missing' });
    return {
      kind: 'levels',
      facet,
      table: levels ?? {},
      least: least ?? 'sufficient',
      phaseOut: phaseOut ?? 'low',
    };
  }
  return fact === undefined ? nothing : { kind: 'fact', fact, ...(mailbox === undefined ? {} : { mailbox }) };
}

/** Keys that belong to one kind of test only. */
const OWNERS = [
  ['except', 'findings'],
  ['silent', 'findings'],
  ['levels', 'facet'],
  ['least', 'facet'],
  ['phase_out_severity', 'facet'],
  ['mailbox', 'fact'],
] as const;

function misplaced(written: WrittenTest, path: MergeFault['path'], faults: MergeFault[]): void {
  for (const [key, owner] of OWNERS) {
    if (written[key] === undefined || written[owner] !== undefined) continue;
    faults.push({ path: [...path, key], message: `belongs to ${owner}, which is not there` });
  }
}

/** The test of the profile that is extended, with what is named replaced: each level by itself. */
function refined(
  test: Test,
  change: WrittenRequirement,
  path: MergeFault['path'],
  faults: MergeFault[],
): Test {
  const { except, silent, levels, least, phase_out_severity: phaseOut, mailbox } = change;
  const wrong = (keys: readonly (keyof WrittenTest)[]): void => {
    for (const key of keys)
      if (change[key] !== undefined)
        faults.push({ path: [...path, key], message: 'means nothing for this requirement' });
  };
  switch (test.kind) {
    case 'levels':
      wrong(['except', 'silent', 'mailbox']);
      if (levels === undefined && least === undefined && phaseOut === undefined) return test;
      return {
        ...test,
        table: { ...test.table, ...levels },
        least: least ?? test.least,
        phaseOut: phaseOut ?? test.phaseOut,
      };
    case 'findings':
      wrong(['levels', 'least', 'phase_out_severity', 'mailbox']);
      if (except === undefined && silent === undefined) return test;
      return {
        kind: 'findings',
        ids: test.ids,
        ...(except === undefined ? (test.except === undefined ? {} : { except: test.except }) : { except }),
        ...(silent === undefined || silent === 'not-tested' ? {} : { silent }),
      };
    case 'fact':
      wrong(['except', 'silent', 'levels', 'least', 'phase_out_severity']);
      return mailbox === undefined ? test : { ...test, mailbox };
    case 'outside':
    case 'any':
    case 'all':
      wrong(['except', 'silent', 'levels', 'least', 'phase_out_severity', 'mailbox']);
      return test;
  }
}
