/** What --profile adds to a report. */
import type { CheckProfile } from '../../events/check-profile.ts';
import type { CheckReport } from '../../events/check-report.ts';
import type { Judged } from '../../findings/judge.ts';
import { bounded } from '../../findings/place.ts';
import { assess } from '../../findings/profiles/evaluate.ts';
import type { Assessed, Profile, RequirementState, Verdict } from '../../findings/profiles/profile.ts';
import type { Recording } from '../../findings/recording.ts';

/** A target with what is demanded of it. */
interface Demanded {
  readonly recording: Recording;
  readonly judged: Judged;
  /** As it will be at the moment of --fail-at; null without it. */
  readonly foreseen: { readonly judged: Judged } | null;
  readonly profile?: Profile | undefined;
}

/** Empty without a profile. --only limits findings, and never what is demanded. */
export function profileSection(demanded: Demanded): Pick<CheckReport, 'profile'> {
  const { recording, judged, foreseen, profile } = demanded;
  if (profile === undefined) return {};
  const now = assess(profile, judged, recording);
  const then = foreseen === null ? [] : assess(profile, foreseen.judged, recording);
  return {
    profile: {
      name: profile.name,
      title: profile.title,
      state: stateOf(now),
      requirements: now.map((one) => toRequirement(one, then)),
      severities: { ...profile.severities },
      others: profile.others,
    },
  };
}

/** Whatever is not met decides, then whatever nobody could look at. */
function stateOf(all: readonly Assessed[]): RequirementState {
  const states = new Set(all.filter(({ outside }) => !outside).map(({ state }) => state));
  return (['not-met', 'not-tested', 'met'] as const).find((one) => states.has(one)) ?? 'not-applicable';
}

function toRequirement(one: Assessed, then: readonly Assessed[]): CheckProfile['requirements'][number] {
  const { requirement, state, severity, untested, level, outside, verdicts } = one;
  const { id, title, clause } = requirement;
  return {
    id,
    title,
    clause,
    state,
    severity,
    untested,
    level,
    outside,
    places: verdicts.map(toPlace),
    ahead: then.find((other) => other.requirement.id === id)?.state ?? null,
  };
}

function toPlace(verdict: Verdict): CheckProfile['requirements'][number]['places'][number] {
  const { scope, state, level, evidence } = verdict;
  return { scope, state, level: level ?? null, evidence: [...bounded(evidence)] };
}
