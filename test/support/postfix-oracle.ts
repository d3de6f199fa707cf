/**
 * Whether a Postfix that goes by an answer does at each host what was decided, or more.
 *
 * Written from what Postfix does under each level (smtp_tls_policy.c), not from how we choose one: with a resolver that
 * validates, and smtp_tls_dane_insecure_mx_policy = dane.
 */
import { type DestinationVerdict, decideAll, type HostVerdict } from '../../src/policies/combine.ts';
import { formatIdentity } from '../../src/policies/decide.ts';
import { isSecure, type Rules } from '../../src/policies/demand.ts';
import type { DestinationFacts } from '../../src/policies/destination.ts';
import { formatPattern } from '../../src/policies/mta-sts/policy.ts';

/** What was answered: the text of a policy, or that there is none; `later` lets no mail out. */
export type Said =
  | { readonly kind: 'absent' }
  | { readonly kind: 'later' }
  | { readonly kind: 'policy'; readonly level: string; readonly match: readonly string[] };

/** What Postfix does at a host: at least so much. `unused`: no mail goes there. */
type Done = 'unused' | 'may' | 'encrypt' | 'tlsa' | 'name';

/** @param facts the truth. @returns what is wrong, one sentence; undefined where nothing is. */
export function shortfall(said: Said, facts: DestinationFacts, rules: Rules): string | undefined {
  if (said.kind === 'later') return undefined;
  const verdict = decideAll(facts, rules);
  const untrusted =
    said.kind === 'policy' ? said.match.find((name) => !isTrusted(name, facts, verdict, rules)) : undefined;
  if (untrusted !== undefined) return `${untrusted} is a name that the path could choose`;
  for (const host of verdict.hosts) {
    const done = doneAt(host.host, said, facts);
    if (!suffices(done, host, said, facts)) return `${host.host}: ${done}, and decided is ${shown(host)}`;
  }
  return undefined;
}

function shown(host: HostVerdict): string {
  if (host.kind === 'avoid') return `to avoid it (${host.because})`;
  const { requires, by } = host.decision;
  return `${requires} by ${by}`;
}

function doneAt(host: string, said: Exclude<Said, { kind: 'later' }>, facts: DestinationFacts): Done {
  if (said.kind === 'absent') return 'may';
  const known = facts.hosts.find(({ facts: one }) => one.host === host)?.facts;
  if (known?.kind !== 'found') return 'unused';
  const { tlsa } = known;
  switch (said.level) {
    case 'none':
    case 'may':
      return 'may';
    case 'encrypt':
      return 'encrypt';
    case 'secure':
      return 'name';
    case 'dane':
      if (tlsa.kind === 'unknown') return 'unused';
      if (tlsa.kind === 'absent') return 'may';
      return tlsa.set.usable.length > 0 ? 'tlsa' : 'encrypt';
    case 'dane-only':
      return tlsa.kind === 'found' && tlsa.set.usable.length > 0 && isSecure(facts.way) ? 'tlsa' : 'unused';
    default:
      throw new Error(`nothing here says ${said.level}`);
  }
}

function suffices(
  done: Done,
  host: HostVerdict,
  said: Exclude<Said, { kind: 'later' }>,
  facts: DestinationFacts,
): boolean {
  if (done === 'unused') return true;
  if (host.kind === 'avoid') {
    // A host without addresses is not reached.
    if (!host.forbidden && host.addresses.length === 0) return true;
    // Its certificate is for its own name: it is refused where that is none of those that are compared.
    return done === 'name' && said.kind === 'policy' && !said.match.some((name) => covers(name, host.host));
  }
  const { requires, dane, provesName } = host.decision;
  if (requires === 'none') return true;
  if (requires === 'encrypt') return done !== 'may';
  if (done === 'tlsa') return dane !== null && (dane.trusted || (dane.binding && !provesName));
  if (done !== 'name' || said.kind !== 'policy') return false;
  // Postfix cannot say "TLSA records here, a certificate there": where a policy is enforced its certificates are for all.
  // A host that has to go by its TLSA records is left out where its own name is none that is compared.
  const bound = dane?.binding === true && said.match.some((name) => covers(name, host.host));
  return !bound || provesName || isEnforced(facts);
}

/** Whether a policy says that its hosts have certificates by public authorities. */
function isEnforced({ sts, list }: DestinationFacts): boolean {
  if (sts.kind === 'policy' && sts.known.policy.mode === 'enforce') return true;
  return list?.kind === 'policy' && list.policy.mode === 'enforce';
}

function covers(name: string, host: string): boolean {
  return name.startsWith('.') ? host.endsWith(name) : host === name;
}

/** The recipient's own domain, names of the operator, patterns of a policy or a list in force, and hosts that those or a proof lead to. */
function isTrusted(
  name: string,
  { domain, sts, list }: DestinationFacts,
  { hosts }: DestinationVerdict,
  { route }: Rules,
): boolean {
  if (name === domain) return true;
  if (route?.names.some(({ kind, domain: of }) => (kind === 'below' ? `.${of}` : of) === name) === true)
    return true;
  if (sts.kind === 'policy' && sts.known.policy.mode === 'enforce') {
    if (sts.known.policy.mx.some((one) => formatPattern(one).replace(/^\*/, '') === name)) return true;
  }
  if (list?.kind === 'policy' && list.policy.mode === 'enforce') {
    if (list.policy.mxs.some(({ kind, domain: of }) => (kind === 'below' ? `.${of}` : of) === name))
      return true;
  }
  return hosts.some(
    (host) =>
      host.kind === 'use' &&
      (host.decision.match.map(formatIdentity).includes(name) ||
        (host.host === name && host.decision.dane?.trusted === true)),
  );
}
