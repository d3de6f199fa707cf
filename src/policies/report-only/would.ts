/** What a rule would have done with a session that was seen. */
import type { Domain } from '../../names/domain.ts';
import { proofAmong, type ReferenceIdentity } from '../../tls/identity.ts';
import type { SeenSession } from './seen.ts';

/**
 * A rule that is tried. `encrypt` and `authenticate` are levels of the operator; `sts`: the policy that the domain only
 * tests, as if it were enforced; `list`: the same of the policy list; `memory`: the memory, as if its mode were `enforce`.
 */
export interface Candidate {
  readonly rule: 'encrypt' | 'authenticate' | 'sts' | 'list' | 'memory';
  /** Further names that a certificate may prove, as `names` of a route has them. */
  readonly names: readonly Exclude<ReferenceIdentity, { kind: 'ip' }>[];
}

export type Would =
  | { readonly kind: 'pass' }
  /** Mail would not have gone in this session. `because` is one sentence. */
  | { readonly kind: 'block'; readonly because: string }
  /** What was kept does not say. */
  | { readonly kind: 'unknown'; readonly because: string };

const pass: Would = { kind: 'pass' };

/** @returns undefined where the rule has nothing to say of the session. */
export function wouldDo(seen: SeenSession, { rule, names }: Candidate): Would | undefined {
  switch (rule) {
    case 'encrypt':
      return overTls(seen);
    case 'authenticate':
      return authenticated(seen, seen.vouched, names);
    case 'sts':
      return underSts(seen);
    case 'list':
      return underList(seen);
    case 'memory':
      return underMemory(seen);
  }
}

function overTls({ tls, host }: SeenSession): Would {
  switch (tls) {
    case 'done':
      return pass;
    case 'clear':
      return { kind: 'block', because: `${host} had no TLS to offer` };
    case 'failed':
      return { kind: 'block', because: `TLS with ${host} failed` };
  }
}

function authenticated(seen: SeenSession, vouched: boolean, names: Candidate['names']): Would {
  const over = overTls(seen);
  if (over.kind !== 'pass') return over;
  const { domain, host, tlsa } = seen;
  if (tlsa === 'match' && vouched) return pass;
  if (tlsa === 'mismatch')
    return { kind: 'block', because: `the certificate of ${host} matches none of its TLSA records` };
  const own = [named(domain), ...(vouched ? [named(host)] : [])];
  return provenBy(seen, [...own, ...names]);
}

function provenBy({ certificate, host }: SeenSession, references: Candidate['names']): Would {
  if (certificate === null) return { kind: 'block', because: `${host} showed no certificate` };
  const { path, names, more } = certificate;
  if (path !== 'trusted')
    return { kind: 'block', because: `the certificate of ${host} is not valid (${path})` };
  if (proofAmong(names, references) !== undefined) return pass;
  if (more) return { kind: 'unknown', because: `the certificate of ${host} has more names than are kept` };
  const wanted = references.map((one) => (one.kind === 'name' ? one.name : `.${one.suffix}`)).join(', ');
  return { kind: 'block', because: `the certificate of ${host} does not prove ${wanted}` };
}

/** RFC 8461 §4: the host is listed, and its certificate is for its name; DANE, where it is, stands before that (§2). */
function underSts(seen: SeenSession): Would | undefined {
  const { sts, host } = seen;
  if (sts === null || sts.mode === 'none' || isByDane(seen)) return undefined;
  if (!sts.lists) return { kind: 'block', because: `the policy does not list ${host}` };
  return underPolicy(seen);
}

/** A policy of the domain that names the host does as well: it is the newer word. */
function underList(seen: SeenSession): Would | undefined {
  const { list, sts, host } = seen;
  if (list === null || list.mode === 'none' || isByDane(seen)) return undefined;
  if (!list.names && sts?.lists !== true)
    return { kind: 'block', because: `the policy list does not name ${host}` };
  return underPolicy(seen);
}

/** Signed MX records have named the host, and its TLSA records decide alone. */
function isByDane({ signed, tlsa }: SeenSession): boolean {
  return signed && tlsa !== 'none';
}

function underPolicy(seen: SeenSession): Would {
  const over = overTls(seen);
  if (over.kind !== 'pass' || seen.tlsa !== 'none') return over;
  return provenBy(seen, [named(seen.host)]);
}

function underMemory(seen: SeenSession): Would | undefined {
  const { memory, vouched } = seen;
  if (memory === null) return undefined;
  return memory.level === 'encrypt' ? overTls(seen) : authenticated(seen, vouched || memory.own, []);
}

function named(name: Domain): { readonly kind: 'name'; readonly name: Domain } {
  return { kind: 'name', name };
}
