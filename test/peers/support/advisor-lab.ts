/** The domains of the lab on which others send by our decision: what each is answered, and what has to become of its mail. */

import { askRelay } from '../../../src/cli/control-client.ts';
import type { TlsLevel, TlsOutcome } from '../../../src/policies/words.ts';
import type { Lab } from '../../lab/lab.ts';
import { labVerdicts } from './lab-verdicts.ts';
import { startOnLab } from './policy-lab.ts';
import type { Waxwing, WaxwingOptions } from './waxwing.ts';

const NOTHING = 'NOTFOUND ';
const sts = (match: string): string => `OK secure match=${match} servername=hostname`;

export interface AdvisedDomain {
  readonly domain: string;
  /** The answer by socketmap, for Postfix 3.7. */
  readonly answer: string | RegExp;
  /** What postfix-mta-sts-resolver answers, where it is another thing, and why ours is right. */
  readonly theirs?: { readonly answer: string; readonly because: string };
}

const noDane = {
  answer: NOTHING,
  because: 'it knows no DANE: RFC 7672 §2.2 has TLSA records bind whoever supports it',
};

export const advisedDomains: readonly AdvisedDomain[] = [
  { domain: 'dane-ee.test', answer: 'OK dane-only', theirs: noDane },
  { domain: 'dane-ta.test', answer: 'OK dane-only', theirs: noDane },
  { domain: 'dane-second.test', answer: 'OK dane-only', theirs: noDane },
  { domain: 'implicit.test', answer: 'OK dane-only', theirs: noDane },
  { domain: 'dane-mismatch.test', answer: 'OK dane-only', theirs: noDane },
  { domain: 'dane-no-starttls.test', answer: 'OK dane-only', theirs: noDane },
  { domain: 'dane-mixed.test', answer: 'OK dane', theirs: noDane },
  { domain: 'half-dane.test', answer: 'OK dane', theirs: noDane },
  { domain: 'dane-pkix.test', answer: 'OK encrypt', theirs: noDane },
  {
    domain: 'dane-bogus.test',
    answer: /^TEMP the TLSA records at _25\._tcp\.mx\.dane-bogus\.test cannot be learnt/,
    theirs: {
      answer: NOTHING,
      because:
        'RFC 7672 §2.1.2: where the look-up fails the server "MUST NOT" be used; its answer lets mail out in clear',
    },
  },
  { domain: 'dane-host-unsigned.test', answer: NOTHING },
  { domain: 'sts.test', answer: sts('mx.sts.test') },
  { domain: 'sts-wildcard.test', answer: sts('.sts-wildcard.test') },
  { domain: 'sts-mismatch.test', answer: sts('other.sts-mismatch.test') },
  { domain: 'sts-stripped.test', answer: sts('mx.sts-stripped.test') },
  { domain: 'sts-intercepted.test', answer: sts('mx.sts-intercepted.test') },
  {
    domain: 'sts-and-dane.test',
    answer: 'OK dane-only',
    theirs: {
      answer: sts('mx.sts-and-dane.test'),
      because: 'RFC 8461 §2: MTA-STS "MUST NOT" override a failing DANE validation',
    },
  },
  { domain: 'sts-testing.test', answer: NOTHING },
  { domain: 'sts-none.test', answer: NOTHING },
  { domain: 'sts-two-records.test', answer: NOTHING },
  { domain: 'sts-missing.test', answer: NOTHING },
  { domain: 'sts-html.test', answer: NOTHING },
  { domain: 'sts-stranger.test', answer: NOTHING },
  { domain: 'plain.test', answer: NOTHING },
  { domain: 'plain-stripped.test', answer: NOTHING },
  { domain: 'null-mx.test', answer: NOTHING },
  { domain: 'nothing-here.test', answer: NOTHING },
  {
    domain: 'mx-bogus.test',
    answer: /^TEMP the MX records of mx-bogus\.test cannot be learnt/,
    theirs: {
      answer: NOTHING,
      because:
        'whether there are TLSA records is not known, and RFC 7672 §2.1.2 forbids to go on as if there were none',
    },
  },
];

/** What has to become of mail to one of them, whoever sends it by our decision. */
export interface Due {
  readonly domain: string;
  readonly became: 'sent' | 'deferred' | 'bounced';
  /** Whether it goes inside TLS; null where it is not sent. */
  readonly inTls: boolean | null;
  /** How it travels by our own words, which not every sender can tell; null where it is not sent. */
  readonly outcome: TlsOutcome | null;
  /** The host that takes it, where the lab's table names it. */
  readonly mx: string | null;
}

/** What our own relay does with mail to that domain, in words that every sender has. */
export function dueOf(domain: string): Due {
  const row = labVerdicts.find((one) => one.domain === domain);
  if (row === undefined) throw new Error(`${domain} is not in the table of the lab`);
  const [became = '', word = ''] = row.verdict.split(/,? /);
  const mx = row.mx ?? null;
  if (became === 'delivered') {
    const outcome = (['authenticated', 'encrypted', 'cleartext'] as const).find((one) => one === word);
    if (outcome === undefined) throw new Error(`${row.verdict} does not say how it was delivered`);
    return { domain, became: 'sent', inTls: outcome !== 'cleartext', outcome, mx };
  }
  const other = became === 'bounced' ? 'bounced' : 'deferred';
  return { domain, became: other, inTls: null, outcome: null, mx: null };
}

/** Starts an advisor on the lab. @param listeners items of `[[advisor.listener]]`; their ports are `advisorPorts`, in this order. */
export function startAdvisorOnLab(
  lab: Lab,
  listeners: NonNullable<WaxwingOptions['advisor']>,
): Promise<Waxwing> {
  return startOnLab(lab, { advisor: listeners });
}

/** Sets an override as an operator would, for an hour. */
export async function override(waxwing: Waxwing, domain: string, level: TlsLevel): Promise<void> {
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const body = JSON.stringify({ domain, level, until, reason: 'of the test' });
  const answer = await askRelay(waxwing.data, { method: 'POST', path: '/overrides', body });
  if (answer.kind !== 'answered' || answer.status !== 200) throw new Error(JSON.stringify(answer));
}
