/** What TLS came to in one session with a server of somebody else, as TLS-RPT tells it: RFC 8460 §4. */
import type { PolicyType, ResultType } from './result-types.ts';

/** A policy that a session was held against, as it was published. */
export interface ReportedPolicy {
  readonly type: PolicyType;
  /** Of TLSA records the base domain, of an MTA-STS policy its own; without a policy the recipient's. */
  readonly domain: string;
  /** The lines of an MTA-STS policy, or TLSA records in the form of zone files; empty where they are not known. */
  readonly strings: readonly string[];
  /** The `mx` patterns of an MTA-STS policy. */
  readonly mxHosts: readonly string[];
}

/** One thing that went wrong (RFC 8460 §4.3). Of what is null nothing is known. */
export interface FailureDetail {
  readonly type: ResultType;
  /** Our address. */
  readonly sendingAddress: string | null;
  readonly receivingHost: string | null;
  /** How the host calls itself. */
  readonly receivingHello: string | null;
  readonly receivingAddress: string | null;
  /** A URI with more about it. */
  readonly additional: string | null;
  /** Text for people. */
  readonly reason: string | null;
}

/** How the session fared under one policy. */
export interface PolicyResult {
  readonly policy: ReportedPolicy;
  /** There may be some although it ended well, as where another host was tried, and none although it failed. */
  readonly failures: readonly FailureDetail[];
  readonly final: 'success' | 'failure';
}

/**
 * One session. Of several policies all tell of the same session: their numbers are never added up.
 */
export interface SessionResult {
  /** Whose mail it was: the TLSRPT record of this domain says who is told. */
  readonly domain: string;
  /** That record, where whoever counted the session has seen it. */
  readonly record: string | null;
  /** At least one. */
  readonly policies: readonly PolicyResult[];
}

/** Who had the session: we, or a Postfix on this host that tells us by libtlsrpt. */
export type ResultSource = 'waxwing' | 'postfix';
