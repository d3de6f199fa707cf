/** The datagrams in which an MTA tells by libtlsrpt what its sessions came to: one JSON object for each. */
import { parseDomain, quote } from '../../names/domain.ts';
import { policyTypeOf, resultTypeOf } from './result-types.ts';
import type { FailureDetail, PolicyResult, ReportedPolicy, SessionResult } from './session-result.ts';

export type ReadDatagram =
  | { readonly kind: 'result'; readonly result: SessionResult }
  /** Nothing of it counts. `because` is one sentence. */
  | { readonly kind: 'unusable'; readonly because: string };

/** The version of the format (`dpv`). libtlsrpt 0.5, which Debian 13 has, names none, and writes the same. */
const VERSION = '1';
/** An MTA tells of its hosts; nobody has so many. */
const MOST_POLICIES = 64;

/**
 * Reads a datagram.
 *
 * Octets that are not UTF-8 become U+FFFD: the library copies what came out of the DNS or a policy file as it is. Fields that
 * are not known are passed over, and a failure of an unknown number is one of the general kind. A field of the wrong kind or
 * a policy of an unknown number makes all of it unusable: half a session would be a wrong number in a report.
 */
export function readDatagram(octets: Uint8Array): ReadDatagram {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(octets));
  } catch {
    return unusable('is not JSON');
  }
  try {
    return { kind: 'result', result: readSession(fieldsOf(json, 'the datagram')) };
  } catch (error) {
    if (error instanceof Unusable) return unusable(error.message);
    throw error;
  }
}

/** Thrown by the readers below, and caught in {@link readDatagram} only. */
class Unusable extends Error {}

type Fields = Readonly<Record<string, unknown>>;

function readSession(fields: Fields): SessionResult {
  const version = fields['dpv'];
  if (version !== undefined && version !== VERSION) {
    const said = typeof version === 'string' ? quote(version) : 'that is no text';
    throw new Unusable(`has the version ${said}, and ${quote(VERSION)} is the only one that is known`);
  }
  const domain = readDomain(textIn(fields, 'd'), 'd');
  const policies = listIn(fields, 'policies');
  if (policies.length === 0 || policies.length > MOST_POLICIES)
    throw new Unusable(`has ${policies.length} policies`);
  return {
    domain,
    record: optionalText(fields, 'pr'),
    policies: policies.map((policy) => readPolicy(fieldsOf(policy, 'a policy'), domain)),
  };
}

/** A policy without a domain of its own is one of the domain that the datagram is about. */
function readPolicy(fields: Fields, domain: string): PolicyResult {
  const number = fields['policy-type'];
  const type = typeof number === 'number' ? policyTypeOf(number) : undefined;
  if (type === undefined) throw new Unusable('has a policy of an unknown type');
  const own = optionalText(fields, 'policy-domain');
  const final = fields['f'];
  if (final !== 0 && final !== 1) throw new Unusable('has a policy without a final result');
  const policy: ReportedPolicy = {
    type,
    domain: own === null ? domain : readDomain(own, 'policy-domain'),
    strings: optionalTexts(fields, 'policy-string'),
    mxHosts: optionalTexts(fields, 'mx-host'),
  };
  const details = fields['failure-details'] === undefined ? [] : listIn(fields, 'failure-details');
  return {
    policy,
    failures: details.map((detail) => readFailure(fieldsOf(detail, 'a failure'))),
    final: final === 0 ? 'success' : 'failure',
  };
}

function readFailure(fields: Fields): FailureDetail {
  const code = fields['c'];
  const type = typeof code === 'number' ? resultTypeOf(code) : undefined;
  // Codes may be new one day: `validation-failure` is "a general failure for a reason not matching a category above", told
  // by its reason (RFC 8460 §4.3.1, §4.3.3).
  if (type === undefined && !Number.isSafeInteger(code)) throw new Unusable('has a failure without a code');
  return {
    type: type ?? 'validation-failure',
    sendingAddress: optionalText(fields, 's'),
    receivingHost: optionalText(fields, 'n'),
    receivingHello: optionalText(fields, 'h'),
    receivingAddress: optionalText(fields, 'r'),
    additional: optionalText(fields, 'a'),
    reason: optionalText(fields, 'f') ?? (type === undefined ? `code ${String(code)}` : null),
  };
}

function readDomain(text: string, field: string): string {
  const domain = parseDomain(text);
  if (domain.kind === 'ok') return domain.value;
  throw new Unusable(`has no domain in "${field}"`);
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Unusable(`has ${what} that is no object`);
  return { ...value };
}

function textIn(fields: Fields, name: string): string {
  const text = optionalText(fields, name);
  if (text === null) throw new Unusable(`has no "${name}"`);
  return text;
}

/** Absent or null: null. */
function optionalText(fields: Fields, name: string): string | null {
  const value = fields[name] ?? null;
  if (value === null || typeof value === 'string') return value;
  throw new Unusable(`has a "${name}" that is no text`);
}

function listIn(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  if (Array.isArray(value)) return value;
  throw new Unusable(`has no list "${name}"`);
}

function optionalTexts(fields: Fields, name: string): readonly string[] {
  if (fields[name] === undefined || fields[name] === null) return [];
  return listIn(fields, name).map((value) => {
    if (typeof value === 'string') return value;
    throw new Unusable(`has a "${name}" that is no list of texts`);
  });
}

function unusable(because: string): ReadDatagram {
  return { kind: 'unusable', because: `the datagram ${because}` };
}
