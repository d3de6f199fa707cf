/** Who may send mail in the name of a domain, and what receivers do with the rest: SPF, DKIM, DMARC, BIMI. */
import { types } from '../../dns/record.ts';
import type { Domain } from '../../names/domain.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import {
  askAhead,
  askFor,
  askTxt,
  below,
  notAnswered,
  showAnswer,
  showTxt,
  zoneFinding,
  zoneLine,
} from '../ask.ts';
import type { CheckCase } from '../case.ts';
import type { PasteLine } from '../check.ts';
import type { Finding } from '../finding.ts';
import { bimiProblems, isBimi } from '../records/bimi.ts';
import { type DmarcSaid, dmarcFindings } from './dmarc.ts';
import { placesOf } from './dmarc-walk.ts';
import { takesNoMail } from './parked.ts';
import { type SpfSaid, spfFindings } from './spf.ts';

export function* sendersFindings(theCase: CheckCase): PolicyLookUp<readonly Finding[]> {
  const { target, now, facts } = theCase;
  // Servers have no such records, and domains that do not exist neither.
  if (target.kind !== 'domain' || facts?.way.kind === 'no-such-domain') return [];
  const { domain } = target;
  yield* askAhead([
    [domain, types.TXT],
    ...placesOf(domain).map((place) => [below('_dmarc', place), types.TXT] as const),
    [below('_domainkey', domain), types.TXT],
    [below('default._bimi', domain), types.TXT],
  ]);
  const spf = yield* spfFindings(domain, now);
  const dmarc = yield* dmarcFindings(domain, now);
  if (takesNoMail(theCase)) return parkedFindings(theCase, domain, { spf, dmarc });
  return [
    ...spf.findings,
    ...(yield* dkimFindings(domain, now)),
    ...dmarc.findings,
    ...(yield* bimiFindings(domain)),
  ];
}

/** Of a domain without mail nothing else is asked than that nobody can forge it. */
function parkedFindings(
  { facts }: CheckCase,
  domain: Domain,
  { spf, dmarc }: { readonly spf: SpfSaid; readonly dmarc: DmarcSaid },
): Finding[] {
  const missing = new Set(['spf.missing', 'dmarc.missing', 'dmarc.none']);
  // One that is wrong is worse than none, here too.
  const others = [...spf.findings, ...dmarc.findings].filter(
    (one) => !missing.has(one.id) || one.state === 'not-tested',
  );
  if (spf.record === 'unknown' || dmarc.policy === 'unknown') return others;
  const lines: PasteLine[] = [];
  const evidence: string[] = [];
  if (facts?.way.kind !== 'null') {
    lines.push(zoneLine(`${domain}. IN MX 0 .`));
    evidence.push(`${domain} takes no mail, and has no null MX`);
  }
  if (!allowsNobody(spf.record)) {
    lines.push(zoneLine(`${domain}. IN TXT "v=spf1 -all"`));
    evidence.push(`SPF of ${domain} does not say that nobody sends its mail`);
  }
  if (dmarc.policy !== 'reject') {
    lines.push(zoneLine(`_dmarc.${domain}. IN TXT "v=DMARC1; p=reject"`));
    evidence.push(`DMARC of ${domain} is ${dmarc.policy}, not reject`);
  }
  const scope = { domain };
  if (lines.length === 0) {
    const good = [`${domain} has the null MX, SPF that allows nobody, and the DMARC policy reject`];
    return [...others, zoneFinding('parked.unprotected', 'pass', { scope, evidence: good })];
  }
  const fix = { who: 'dns-owner', do: `If ${domain} has no mail, publish what is missing.`, lines } as const;
  return [...others, zoneFinding('parked.unprotected', 'warn', { scope, evidence, fix: [fix] })];
}

function allowsNobody(record: SpfSaid['record']): boolean {
  if (typeof record === 'string') return false;
  const [first] = record;
  return first?.kind === 'directive' && first.mechanism === 'all' && first.qualifier === '-';
}

/** Keys stand at selectors, which the DNS does not list; but it says whether anything is there. */
function* dkimFindings(domain: Domain, now: number): PolicyLookUp<Finding[]> {
  const name = below('_domainkey', domain);
  if (name === undefined) return [];
  const answer = yield* askFor(name, types.TXT);
  const scope = { domain };
  if (answer.kind === 'unknown') return [notAnswered('dkim.base-node', scope, answer, { now })];
  const isGone = answer.kind === 'absent' && answer.what === 'no-such-name';
  const evidence = isGone ? showAnswer(answer) : [`${name} exists, so there are names below it`];
  return [
    zoneFinding('dkim.base-node', isGone ? 'absent' : 'pass', {
      scope,
      evidence,
      fix: [
        {
          who: 'mail-provider',
          do: `Switch on DKIM in the mail server of ${domain}, and publish the key that it shows.`,
          lines: [zoneLine(`SELECTOR._domainkey.${domain}. IN TXT "v=DKIM1; k=rsa; p=KEY"`)],
          verify: `dig +short SELECTOR._domainkey.${domain} TXT`,
        },
      ],
    }),
  ];
}

function* bimiFindings(domain: Domain): PolicyLookUp<Finding[]> {
  const name = below('default._bimi', domain);
  if (name === undefined) return [];
  const said = yield* askTxt(name);
  if (said.kind === 'unknown') return [];
  const scope = { domain };
  const records = said.texts.filter(isBimi);
  const [record] = records;
  if (record === undefined)
    return [zoneFinding('bimi.missing', 'absent', { scope, evidence: [`${name} has no record of BIMI`] })];
  const shown = records.slice(0, 4).map((text) => showTxt(name, text));
  const several = records.length > 1 ? [`there are ${records.length} records, and there may be one`] : [];
  const problems = [...several, ...bimiProblems(record)];
  return [
    zoneFinding('bimi.missing', 'pass', { scope, evidence: shown }),
    zoneFinding('bimi.syntax', problems.length > 0 ? 'warn' : 'pass', {
      scope,
      evidence: [...shown, ...problems.slice(0, 8)],
    }),
  ];
}
