/** From a profile as it is written, and the one that it extends, to the one that is in force. */
import { builtIn, builtInNames } from '../../findings/profiles/built-in.ts';
import { defaultProfile } from '../../findings/profiles/default.ts';
import type { Profile, Requirement, SimpleTest, Test } from '../../findings/profiles/profile.ts';
import { nearest } from '../config/suggest.ts';
import { faultsOfExcept, faultsOfLevels, type MergeFault } from './profile-faults.ts';
import type { WrittenProfile, WrittenRequirement, WrittenTest } from './profile-schema.ts';

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
    .flatMap(([id, change]) => fresh(id, change, { name: written.name, base }, faults));
  if (builtInNames.includes(written.name))
    faults.push({
      path: ['name'],
      message: `${written.name} is one of those that come with the program; take another`,
    });
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
  { name, base }: { readonly name: string; readonly base: Profile },
  faults: MergeFault[],
): readonly Requirement[] {
  const path = ['requirements', id];
  const { title, clause, severity, leave_out: leaveOut } = change;
  if (leaveOut !== undefined) {
    faults.push({ path: [...path, 'leave_out'], message: noSuch(id, base) });
    return [];
  }
  if (title === undefined && !isTestOf(change)) {
    faults.push({ path, message: `${noSuch(id, base)}, and a new one needs a title and a test` });
    return [];
  }
  if (title === undefined) faults.push({ path: [...path, 'title'], message: 'is missing' });
  const test = testOf(change, path, faults);
  return [{ id, title: title ?? id, clause: clause ?? name, severity: severity ?? 'medium', test }];
}

function noSuch(id: string, { name, requirements }: Profile): string {
  const near = nearest(
    id,
    requirements.map((one) => one.id),
  );
  const meant = near === undefined ? '' : ` (did you mean ${near}?)`;
  return `${name} has no requirement of this id${meant}`;
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
  if (findings !== undefined) {
    faults.push(...faultsOfExcept(findings, except ?? [], path));
    return {
      kind: 'findings',
      ids: findings,
      ...(except === undefined ? {} : { except }),
      ...(silent === undefined || silent === 'not-tested' ? {} : { silent }),
    };
  }
  if (facet !== undefined) {
    if (levels === undefined) faults.push({ path: [...path, 'levels'], message: 'is missing' });
    faults.push(...faultsOfLevels(facet, levels ?? {}, path));
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
      faults.push(...faultsOfLevels(test.facet, levels ?? {}, path));
      return {
        ...test,
        table: { ...test.table, ...levels },
        least: least ?? test.least,
        phaseOut: phaseOut ?? test.phaseOut,
      };
    case 'findings':
      wrong(['levels', 'least', 'phase_out_severity', 'mailbox']);
      if (except === undefined && silent === undefined) return test;
      faults.push(...faultsOfExcept(test.ids, except ?? [], path));
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
