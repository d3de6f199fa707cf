/** The safe way of a domain from where it is to enforced TLS with DANE and MTA-STS, step by step. */
import type { Answer } from '../../dns/answer.ts';
import type { CheckCase } from '../case.ts';
import type { Remedy } from '../check.ts';
import type { Finding } from '../finding.ts';
import { targetName } from '../seen.ts';
import type { Advice, AdviceStep } from './advice.ts';
import { daneSteps } from './dane-steps.ts';
import { type Ground, groundOf, standings } from './standing.ts';
import { stsSteps, type Unready } from './sts-steps.ts';

/** Repairs of one advice; the next check has the rest. */
const MOST_REPAIRS = 8;

/**
 * Advises a domain.
 *
 * Nothing is advised that would keep mail away by what is known: a policy is enforced only where every address of every mail
 * host was seen to do what it asks for, and TLSA records are made only of keys that were seen.
 *
 * @param answers of the run, for the TTLs that have to be waited for.
 */
export function adviseFor(
  theCase: CheckCase,
  findings: readonly Finding[],
  answers: readonly Answer[],
): Advice {
  const ground = groundOf(theCase, findings, answers);
  const { now: at } = theCase;
  if ('nothing' in ground) {
    return { domain: targetName(theCase), at, nothing: ground.nothing, standing: [], steps: [], next: null };
  }
  const unready = unreadyOf(ground);
  const steps = [
    repair(ground),
    tls(ground),
    tlsRpt(ground),
    ...stsSteps(ground, unready),
    ...daneSteps(ground),
  ];
  return {
    domain: ground.domain,
    at,
    nothing: null,
    standing: standings(ground),
    steps,
    next: steps.find(({ state }) => state === 'now')?.id ?? null,
  };
}

/** Why a policy must not be enforced yet. */
function unreadyOf(ground: Ground): Unready | undefined {
  const { certificates, repairs } = ground;
  if (repairs.length > 0) return { state: 'later', because: 'what is broken has to be repaired first' };
  if (certificates.kind === 'no') return { state: 'later', because: certificates.because };
  if (certificates.kind === 'unknown') return { state: 'blocked', because: certificates.because };
  return undefined;
}

/** What keeps mail away now, or would with the first policy. */
function repair({ repairs, sts, domain }: Ground): AdviceStep {
  const step = {
    id: 'repair',
    title: 'repair of what is broken',
    why: 'What is wrong now keeps mail away from some senders, or would as soon as something is enforced.',
    wait: null,
  } as const;
  if (repairs.length === 0)
    return { ...step, state: 'done', because: 'nothing that was seen keeps mail away', do: [] };
  const [worst] = repairs;
  const relief: readonly Remedy[] =
    sts.state === 'enforce' && repairs.some(({ id }) => id.startsWith('mtasts.mx-'))
      ? [
          {
            who: 'web-host',
            do: 'Mail is refused now. If the repair takes longer than a few hours, change "mode: enforce" to "mode: testing" in the policy file first, and give the record a new id: senders fetch it before they give mail back.',
            verify: `waxwing check ${domain} --only mtasts`,
          },
        ]
      : [];
  return {
    ...step,
    state: 'now',
    because:
      repairs.length === 1
        ? `one finding is high or critical: ${worst?.id ?? ''}`
        : `${repairs.length} findings are high or critical, first of all ${worst?.id ?? ''}`,
    do: once([...relief, ...repairs.slice(0, MOST_REPAIRS).flatMap(({ fix }) => fix)]),
  };
}

function tls({ certificates, tls: handshakes, hosts, domain }: Ground): AdviceStep {
  const step = {
    id: 'tls',
    title: 'TLS with a certificate for its own name, at every mail host',
    why: 'Senders with MTA-STS compare the name of the MX record with the certificate, and look at its authority and its dates.',
    wait: null,
  } as const;
  switch (certificates.kind) {
    case 'yes':
      return { ...step, state: 'done', because: 'every address of every mail host has it', do: [] };
    case 'unknown':
      return { ...step, state: 'blocked', because: certificates.because, do: [] };
    case 'no':
      break;
  }
  const bad = hosts.filter(({ certificate }) => certificate.kind === 'no').slice(0, MOST_REPAIRS);
  return {
    ...step,
    state: 'now',
    because: handshakes.kind === 'no' ? handshakes.because : certificates.because,
    do: bad.map(
      ({ name, own, certificate }): Remedy => ({
        who: 'mail-provider',
        do: `${own ? 'Give' : 'Ask the provider to give'} ${name} STARTTLS and a certificate of a public authority for the name ${name}, and have it renewed by itself (${certificate.because}; the paths are examples).`,
        lines: [
          { for: 'postfix', text: 'smtpd_tls_security_level = may' },
          {
            for: 'postfix',
            text: `smtpd_tls_chain_files = ${pem(name, 'privkey')}, ${pem(name, 'fullchain')}`,
          },
          { for: 'exim', text: 'tls_advertise_hosts = *' },
          { for: 'exim', text: `tls_certificate = ${pem(name, 'fullchain')}` },
          { for: 'exim', text: `tls_privatekey = ${pem(name, 'privkey')}` },
          { for: 'opensmtpd', text: `pki ${name} cert "${pem(name, 'fullchain')}"` },
          { for: 'opensmtpd', text: `pki ${name} key "${pem(name, 'privkey')}"` },
        ],
        verify: `waxwing check ${domain} --only starttls,cert`,
      }),
    ),
  };
}

/** Where certbot puts them. */
function pem(name: string, file: 'privkey' | 'fullchain'): string {
  return `/etc/letsencrypt/live/${name}/${file}.pem`;
}

function tlsRpt({ tlsRpt: state, domain, findings }: Ground): AdviceStep {
  const step = {
    id: 'tls-rpt',
    title: 'reports of failures (TLS-RPT)',
    why: 'Senders tell you once a day where TLS with your mail hosts failed, and why: without that you enforce blindly.',
    wait: null,
  } as const;
  switch (state) {
    case 'done':
      return { ...step, state: 'done', because: 'the record is there', do: [] };
    case 'unknown':
      return { ...step, state: 'blocked', because: 'whether there is a record could not be learnt', do: [] };
    case 'broken':
      return {
        ...step,
        state: 'now',
        because: 'the record is there, and senders cannot go by it',
        // They keep the mailbox that the domain has.
        do: once(
          findings.flatMap(({ id, state: found, fix }) =>
            id.startsWith('tlsrpt.') && found === 'fail' ? fix : [],
          ),
        ),
      };
    default:
      return {
        ...step,
        state: 'now',
        because: 'there is no record',
        do: [
          {
            who: 'dns-owner',
            do: 'Publish the record, with a mailbox that exists and that somebody reads, at another domain if you can: reports about mail that does not arrive must arrive.',
            lines: [
              {
                for: 'dns',
                text: `_smtp._tls.${domain}. IN TXT "v=TLSRPTv1; rua=mailto:tls-reports@${domain}"`,
              },
            ],
            verify: `waxwing check ${domain} --only tlsrpt`,
          },
        ],
      };
  }
}

/** Remedies, those that are the same but for their words once: what two findings have to be pasted is pasted once. */
function once(remedies: readonly Remedy[]): readonly Remedy[] {
  const seen = new Set<string>();
  return remedies.filter((remedy) => {
    const { lines = [], do: order } = remedy;
    const key = lines.length === 0 ? order : lines.map(({ text }) => text).join('\n');
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
