/** The way to an MTA-STS policy that is enforced: try it out, watch, enforce, for long. RFC 8461 §8.1. */
import { MAX_AGE_SECONDS } from '../../policies/mta-sts/policy.ts';
import type { Remedy } from '../check.ts';
import { policyUrl } from '../mtasts/gather.ts';
import { LONG_AGE, policyHostRemedies, policyLines, recordRemedy, TESTING_AGE } from '../mtasts/publish.ts';
import type { AdviceStep, StepState } from './advice.ts';
import type { Ground } from './standing.ts';

/** Reports come once a day, and every big sender writes within two weeks. */
const WATCH_DAYS = 14;
/** A week: should something turn out wrong, it is forgotten soon. Seconds. */
const FIRST_AGE = 604_800;
/** So long it is enforced before it is remembered for longer. */
const FIRST_DAYS = 7;
/** From here on a policy outlives an attack that only hides it for a while. Seconds. */
const LONG_ENOUGH = 2_592_000;

/** @param ready why the mail hosts are not ready yet; undefined where they are. */
export function stsSteps(ground: Ground, ready: Unready | undefined): readonly AdviceStep[] {
  return [testing(ground, ready), watch(ground), enforce(ground, ready), long(ground, ready)];
}

export interface Unready {
  readonly state: Extract<StepState, 'later' | 'blocked'>;
  readonly because: string;
}

function isOn({ sts }: Ground): boolean {
  return (sts.state === 'testing' || sts.state === 'enforce') && sts.complete;
}

/** Whether the two weeks are over, as far as the id of the record tells when they began. */
function isWatched({ sts }: Ground): boolean {
  return sts.state === 'enforce' || (sts.days !== null && sts.days >= WATCH_DAYS);
}

/** Whether the file was changed under the id that senders know. */
function isUnannounced({ findings }: Ground): boolean {
  return findings.some(({ id, state }) => id === 'mtasts.id-unchanged' && state === 'fail');
}

/** Nothing is refused for a policy in testing, so it may stand before every host is ready. */
function testing(ground: Ground, ready: Unready | undefined): AdviceStep {
  const { domain, sts, ttl } = ground;
  const step = {
    id: 'mta-sts-testing',
    title: 'an MTA-STS policy that is tried out',
    why: 'Senders report what would not work, and deliver all the same: what is wrong shows before it can keep mail away.',
    wait: null,
  } as const;
  if (isOn(ground)) return { ...step, state: 'done', because: sts.because, do: [] };
  if (isUnannounced(ground)) {
    // Another file would take back the one that is there, which nobody has seen yet.
    const because = 'the file that is there has to be made known first, by a new id';
    return { ...step, state: 'later', because, do: [] };
  }
  if (sts.state === 'unknown') return { ...step, state: 'blocked', because: sts.because, do: [] };
  if (sts.state === 'enforce') {
    // It is enforced and incomplete: mail is being refused now, and the repair says what to do.
    return {
      ...step,
      state: 'later',
      because: 'the policy that is enforced has to be repaired first',
      do: [],
    };
  }
  const file: Remedy = {
    who: 'web-host',
    do: `Serve this file at ${policyUrl(domain)}.`,
    lines: policyLines('testing', sts.patterns, TESTING_AGE),
    verify: `curl -i ${policyUrl(domain)}`,
  };
  const order = `When the file is there, not before, publish the record${sts.state === 'none' ? '' : ' in place of the one that is there'}.`;
  const record = recordRemedy(domain, ground.theCase.now, order, sts.alias);
  const host =
    sts.state === 'none' || sts.state === 'broken' ? policyHostRemedies(domain, sts.hostHasAddress) : [];
  return {
    ...step,
    state: 'now',
    because:
      ready === undefined ? sts.because : `${sts.because}; in testing nothing depends on the mail hosts`,
    do: [...host, file, record],
    wait: hours(ttl(`_mta-sts.${domain}`, 'TXT'), 'caches may still say what was there before'),
  };
}

function watch(ground: Ground): AdviceStep {
  const { domain, sts } = ground;
  const step = {
    id: 'mta-sts-watch',
    title: 'two weeks in which the reports are read',
    why: 'The big senders report once a day. A failure that they report in testing is mail that would wait with enforce.',
    wait: { hours: WATCH_DAYS * 24, because: 'every big sender writes to you within two weeks' },
  } as const;
  if (!isOn(ground))
    return { ...step, state: 'later', because: 'the policy has to be tried out first', do: [] };
  if (isWatched(ground)) return { ...step, state: 'done', because: watched(sts), do: [], wait: null };
  const since =
    sts.days === null
      ? 'the id of the record does not say since when it has been there'
      : `by its id the record has been there for ${sts.days} ${sts.days === 1 ? 'day' : 'days'}`;
  const left = (WATCH_DAYS - (sts.days ?? 0)) * 24;
  return {
    ...step,
    state: 'now',
    because: since,
    do: [
      ...(sts.days === null ? [dated(ground)] : []),
      {
        who: 'mail-provider',
        do: 'Read the reports (TLS-RPT) every few days: in policies of type sts the total-failure-session-count has to be 0. Of each failure look at result-type and receiving-mx-hostname: certificate-host-mismatch, certificate-expired and certificate-not-trusted are repaired at that mail host, sts-policy-fetch-error and sts-webpki-invalid at the web server of the policy.',
        verify: `waxwing check ${domain}`,
      },
    ],
    wait: { hours: left, because: step.wait.because },
  };
}

/** What is known of the two weeks: their days, and never what the reports have said. */
function watched({ state }: Ground['sts']): string {
  return state === 'enforce'
    ? 'the policy is enforced already'
    : 'by the date in the id two weeks have gone by; read the reports before you go on';
}

/** Without a date nobody could ever tell that the two weeks are over. */
function dated({ domain, sts, theCase }: Ground): Remedy {
  const why = 'whose beginning is the date: the two weeks count from there, and the file stays as it is';
  const remedy = recordRemedy(domain, theCase.now, `Give the record a new id, ${why}.`, sts.alias);
  if (sts.alias === undefined) return remedy;
  const order = `Have the record at ${sts.alias}, which _mta-sts.${domain} is an alias of, given a new id, ${why}.`;
  return { ...remedy, do: order };
}

const readFirst: Remedy = {
  who: 'mail-provider',
  do: 'Read the reports (TLS-RPT) of the two weeks, which nobody can see from here. Go on only if there are some, and in policies of type sts the total-failure-session-count is 0 in all of them.',
};

/** Only where nothing that was seen would be refused, and everything was seen. */
function enforce(ground: Ground, ready: Unready | undefined): AdviceStep {
  const { sts, mx } = ground;
  const step = {
    id: 'mta-sts-enforce',
    title: 'the policy enforced',
    why: 'From now on senders with MTA-STS deliver to your mail hosts only, over TLS that was verified, or wait.',
  } as const;
  const nothing = { do: [], wait: null } as const;
  if (isEnforced(ground, ready)) {
    const unseen = ready === undefined ? '' : `; not all of it could be looked at: ${ready.because}`;
    return { ...step, ...nothing, state: 'done', because: `${sts.because}${unseen}` };
  }
  if (ready !== undefined) return { ...step, ...nothing, ...ready };
  if (!isOn(ground) || !isWatched(ground)) {
    const because = isOn(ground)
      ? 'two weeks of reports that tell of no failure come first'
      : 'the policy has to be tried out first';
    const then = { do: enforceNow(ground), wait: null } as const;
    return { ...step, ...(isOn(ground) ? then : nothing), state: 'later', because };
  }
  return {
    ...step,
    state: 'now',
    because: `by its id the record has been there for two weeks, and ${mx.length === 1 ? 'the mail host does' : `all ${mx.length} mail hosts do`} what the policy asks for`,
    do: [readFirst, ...enforceNow(ground)],
    wait: {
      hours: 7 * 24,
      because: `until then a mistake can be taken back within days; a new file with a new id is seen by senders once the TTL of the record is over`,
    },
  };
}

/** It is in force, and nothing that was seen contradicts it. */
function isEnforced({ sts }: Ground, ready: Unready | undefined): boolean {
  return sts.state === 'enforce' && sts.complete && ready?.state !== 'later';
}

function enforceNow({ domain, sts, theCase }: Ground): readonly Remedy[] {
  return [
    {
      who: 'web-host',
      do: `Serve this file at ${policyUrl(domain)} in place of the other.`,
      lines: policyLines('enforce', sts.patterns, FIRST_AGE),
      verify: `curl -i ${policyUrl(domain)}`,
    },
    recordRemedy(domain, theCase.now, 'Then, not before, give the record a new id.', sts.alias),
  ];
}

function long(ground: Ground, ready: Unready | undefined): AdviceStep {
  const { domain, sts, theCase } = ground;
  const step = {
    id: 'mta-sts-long',
    title: 'a policy that is remembered for long',
    why: 'Whoever can hide the policy for a while only wins once all senders have forgotten it. Later changes are still seen at once, by a new id.',
    wait: null,
  } as const;
  if (!isEnforced(ground, ready))
    return { ...step, state: 'later', because: 'the policy has to be enforced for a week first', do: [] };
  if (sts.maxAgeSeconds >= LONG_ENOUGH) {
    const days = Math.round(Math.min(sts.maxAgeSeconds, MAX_AGE_SECONDS) / 86_400);
    return { ...step, state: 'done', because: `senders remember it for ${days} days`, do: [] };
  }
  if (sts.days !== null && sts.days < FIRST_DAYS) {
    const because = `by its id the record has been there for ${sts.days === 1 ? '1 day' : `${sts.days} days`}, and a week of the policy enforced comes first`;
    const left = { hours: (FIRST_DAYS - sts.days) * 24, because: 'a mistake shows within the week' };
    return { ...step, state: 'later', because, do: [], wait: left };
  }
  // It is enforced, and whether that is well could not be seen just now.
  if (ready !== undefined) return { ...step, ...ready, do: [] };
  return {
    ...step,
    state: 'now',
    because: `senders remember it for ${sts.maxAgeSeconds} seconds only`,
    do: [
      {
        who: 'web-host',
        do: `Serve this file at ${policyUrl(domain)}.`,
        lines: policyLines('enforce', sts.patterns, LONG_AGE),
        verify: `curl -i ${policyUrl(domain)}`,
      },
      recordRemedy(domain, theCase.now, 'Then, not before, give the record a new id.', sts.alias),
    ],
  };
}

/** Hours of a TTL, rounded up. @param seconds of the TTL. */
export function hours(
  seconds: number,
  because: string,
): { readonly hours: number; readonly because: string } {
  return { hours: Math.max(1, Math.ceil(seconds / 3600)), because };
}
