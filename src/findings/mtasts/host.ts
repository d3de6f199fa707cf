/** The policy host: whether its name, its address, its certificate and its answer bring a policy to senders. */
import { showName } from '../../dns/name.ts';
import { quote } from '../../names/domain.ts';
import { type PolicyFault, parsePolicy } from '../../policies/mta-sts/policy.ts';
import type { CheckId } from '../catalogue.ts';
import type { Remedy, Severity } from '../check.ts';
import { type Finding, finding } from '../finding.ts';
import type { PolicyFetch } from '../recording.ts';
import { webPkiFault } from '../web-pki.ts';
import { policyUrl, type StsSeen } from './gather.ts';
import { policyHostRemedies, verifyStsCommand } from './publish.ts';
import { serveRightFile } from './right-file.ts';

/** What stands in the way, or nothing; the first thing only, as behind it nothing can be seen. */
interface Obstacle {
  readonly id: CheckId;
  readonly evidence: readonly string[];
  readonly fix: readonly Remedy[];
  /** For what could not be looked at: it is no fault of the host then. */
  readonly untested?: true;
  readonly severity?: Severity;
}

/** What a fetch gets past, one behind the other; each line is one step, with all that can be wrong there. */
const STEPS = [
  ['mtasts.dangling-host', 'mtasts.policy.nxdomain'],
  ['mtasts.policy.address'],
  ['mtasts.policy.tcp'],
  ['mtasts.policy.tls'],
  ['mtasts.policy.cert-expired', 'mtasts.policy.cert-name', 'mtasts.policy.cert-untrusted'],
  ['mtasts.record-without-policy', 'mtasts.policy.http-status', 'mtasts.policy.redirect'],
  ['mtasts.policy.content-type'],
  ['mtasts.policy.too-large', 'mtasts.policy.slow'],
  [
    'mtasts.policy.syntax',
    'mtasts.policy.bom',
    'mtasts.policy.version',
    'mtasts.policy.mode-missing',
    'mtasts.policy.max-age-missing',
    'mtasts.policy.max-age-range',
    'mtasts.policy.mx-missing',
    'mtasts.policy.mx-syntax',
  ],
] as const satisfies readonly (readonly CheckId[])[];

/** Judges the way to the policy, also behind a record that is not valid; nothing where no record means to lead there. */
export function hostFindings(seen: StsSeen, now: number): readonly Finding[] {
  const { fetched, facts } = seen;
  const { kind } = facts.sts.record;
  if (fetched === null || (kind !== 'found' && kind !== 'invalid')) return [];
  const obstacle = obstacleIn(seen, fetched.outcome, now);
  const scope = { domain: seen.policyHost };
  const passed = obstacle === undefined ? STEPS : STEPS.slice(0, stepOf(obstacle.id));
  const evidence = [evidenceOf(seen, fetched.outcome)];
  // How large max_age is, is looked at where the rest of the policy is.
  const passes = passed
    .flat()
    .filter((id) => id !== 'mtasts.policy.max-age-range')
    .map((id) => finding(id, 'pass', { scope, evidence }));
  if (obstacle === undefined) return passes;
  const { id, untested, severity } = obstacle;
  const details = {
    scope,
    evidence: obstacle.evidence.slice(0, 12),
    fix: obstacle.fix,
    ...(severity === undefined ? {} : { severity }),
  };
  return [...passes, finding(id, untested === true ? 'not-tested' : 'fail', details)];
}

function stepOf(id: CheckId): number {
  const at = STEPS.findIndex((step) => step.some((one) => one === id));
  // What is slow may have been slow at any step.
  return id === 'mtasts.policy.slow' ? 0 : at;
}

function evidenceOf({ domain }: StsSeen, outcome: PolicyFetch): string {
  if (outcome.kind === 'failed') return `${policyUrl(domain)}: ${outcome.because}`;
  const { status, contentType, body, address, tls } = outcome.answer;
  return `${policyUrl(domain)}: ${status}, ${contentType === undefined ? 'no media type' : quote(contentType)}, ${body.length} octets, from ${address} over ${tls.version}`;
}

function obstacleIn(seen: StsSeen, outcome: PolicyFetch, now: number): Obstacle | undefined {
  return outcome.kind === 'failed' ? ofFailure(seen, outcome, now) : ofAnswer(seen, outcome, now);
}

type Failed = Extract<PolicyFetch, { kind: 'failed' }>;
type Answered = Extract<PolicyFetch, { kind: 'answered' }>;

function ofFailure(seen: StsSeen, outcome: Failed, now: number): Obstacle {
  const evidence = [evidenceOf(seen, outcome)];
  const fix = verified(seen, [...policyHostRemedies(seen.domain, hasAddress(seen)), ...fileFirst(seen, now)]);
  switch (outcome.fault) {
    case 'dns':
      return ofName(seen, outcome, now);
    case 'address':
      return { id: 'mtasts.policy.address', evidence, fix };
    case 'tcp': {
      const tried = outcome.course?.failed ?? [];
      const isOurs = tried.length > 0 && tried.every(({ noRoute }) => noRoute);
      return { id: 'mtasts.policy.tcp', evidence, fix, ...(isOurs ? UNTESTED : {}) };
    }
    case 'tls':
      return { id: 'mtasts.policy.tls', evidence, fix };
    case 'tls-webpki':
      return ofCertificate(seen, outcome.tls, evidence, now);
    case 'http':
      return { id: 'mtasts.policy.http-status', evidence, fix };
    case 'too-big':
      return { id: 'mtasts.policy.too-large', evidence, fix: fileFirst(seen, now) };
    case 'timeout':
      // A recording that has no fetch says nothing of the host.
      return { id: 'mtasts.policy.slow', evidence, fix, ...(outcome.course === undefined ? UNTESTED : {}) };
  }
}

const UNTESTED = { untested: true, severity: 'info' } as const;

/** There is no address: because nothing is there, because an alias leads to nothing, or because nobody could say. */
function ofName(seen: StsSeen, outcome: Failed, now: number): Obstacle {
  const { policyHost, addresses } = seen;
  const evidence = [evidenceOf(seen, outcome), ...addresses.map(({ because }) => because)];
  const fix = verified(seen, [...policyHostRemedies(seen.domain, hasAddress(seen)), ...fileFirst(seen, now)]);
  if (addresses.some(({ kind }) => kind === 'unknown'))
    return { id: 'mtasts.policy.nxdomain', evidence, fix, untested: true };
  const dangling = addresses.find(
    (answer) => answer.kind === 'absent' && answer.what === 'no-such-name' && answer.aliases.length > 0,
  );
  if (dangling === undefined) return { id: 'mtasts.policy.nxdomain', evidence, fix };
  const end = showName(dangling.owner);
  return {
    id: 'mtasts.dangling-host',
    evidence: [`${policyHost} is an alias of ${end}, which does not exist`, ...evidence],
    fix: [
      {
        who: 'dns-owner',
        do: `Take the alias of ${policyHost} out at once, or point it at a host that is yours: whoever can register ${end} serves your policy.`,
        verify: verifyStsCommand(seen.domain),
      },
    ],
  };
}

function ofCertificate(
  seen: StsSeen,
  tls: Parameters<typeof webPkiFault>[0] | undefined,
  evidence: readonly string[],
  now: number,
): Obstacle {
  const { policyHost } = seen;
  const fault = tls === undefined ? undefined : webPkiFault(tls, policyHost, now);
  const kind = fault?.kind ?? 'untrusted';
  const said = [...evidence, ...(fault === undefined ? [] : [fault.because])];
  return {
    id: `mtasts.policy.cert-${kind}`,
    evidence: said,
    fix: [
      {
        who: 'web-host',
        do: `${CERTIFICATE_FIXES[kind](policyHost)} What the file says takes effect with that: see first that it lists the right mail hosts.`,
        verify: `curl -i ${policyUrl(seen.domain)}`,
      },
    ],
  };
}

const CERTIFICATE_FIXES = {
  expired: (host: string) => `Renew the certificate of ${host}, and see to it that it renews itself.`,
  name: (host: string) =>
    `Give ${host} a certificate that has this name among its DNS names, and have the web server present it for this name (SNI).`,
  untrusted: (host: string) =>
    `Give ${host} a certificate of a public authority, and have the web server send the intermediate certificates too.`,
} as const;

function ofAnswer(seen: StsSeen, { answer }: Answered, now: number): Obstacle | undefined {
  const { status, contentType, contentEncoding, location, body } = answer;
  const evidence = [evidenceOf(seen, { kind: 'answered', answer })];
  const fault = webPkiFault(answer.tls, seen.policyHost, now);
  // It answered then; at the moment that is judged its certificate will be past.
  if (fault !== undefined) return ofCertificate(seen, answer.tls, evidence, now);
  const fix = verified(seen, [...fileFirst(seen, now), ...policyHostRemedies(seen.domain, true)]);
  if (status >= 300 && status < 400) {
    const to =
      location === undefined ? [] : [`it redirects to ${quote(location)}; what is there is not looked at`];
    return { id: 'mtasts.policy.redirect', evidence: [...evidence, ...to], fix };
  }
  if (status === 404 || status === 410) return { id: 'mtasts.record-without-policy', evidence, fix };
  if (status !== 200) return { id: 'mtasts.policy.http-status', evidence, fix };
  if (seen.fetched?.judged.kind === 'fetched') return undefined;
  const parsed = parsePolicy(body);
  if (parsed.kind === 'ok') {
    const encoding = contentEncoding === undefined ? [] : [`Content-Encoding: ${quote(contentEncoding)}`];
    const type = [`Content-Type: ${contentType === undefined ? 'none' : quote(contentType)}`];
    return { id: 'mtasts.policy.content-type', evidence: [...evidence, ...type, ...encoding], fix };
  }
  const first = Buffer.from(body.subarray(0, 300)).toString('latin1').split(/\r?\n/).slice(0, 5);
  return {
    id: FAULT_IDS[parsed.fault],
    evidence: [...evidence, parsed.because, ...first.map((line) => quote(line))],
    fix: fileFirst(seen, now),
  };
}

const FAULT_IDS: Readonly<Record<PolicyFault, CheckId>> = {
  size: 'mtasts.policy.syntax',
  encoding: 'mtasts.policy.syntax',
  mark: 'mtasts.policy.bom',
  line: 'mtasts.policy.syntax',
  version: 'mtasts.policy.version',
  'no-mode': 'mtasts.policy.mode-missing',
  mode: 'mtasts.policy.mode-missing',
  'no-max-age': 'mtasts.policy.max-age-missing',
  'max-age': 'mtasts.policy.max-age-range',
  'no-mx': 'mtasts.policy.mx-missing',
  mx: 'mtasts.policy.mx-syntax',
};

/** What senders do not have yet is tried out first, whatever the file says that they cannot get at. */
function fileFirst(seen: StsSeen, now: number): readonly Remedy[] {
  return serveRightFile(seen, now, 'No sender can get at the policy now, so it is tried out first.');
}

function hasAddress({ addresses }: StsSeen): boolean {
  return addresses.some(({ kind }) => kind === 'found');
}

function verified({ domain }: StsSeen, remedies: readonly Remedy[]): readonly Remedy[] {
  return remedies.map((remedy, index) =>
    index === remedies.length - 1 ? { ...remedy, verify: verifyStsCommand(domain) } : remedy,
  );
}
