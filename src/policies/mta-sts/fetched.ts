/** Whether what a policy host answered is a policy: RFC 8461 §3.2 and §3.3. */
import { quote } from '../../names/domain.ts';
import type { HttpsAnswer, HttpsFault, HttpsOutcome } from '../../wire/https-answer.ts';
import { parsePolicy, type StsPolicy } from './policy.ts';

/** Result types of RFC 8460 §4.3.2.2: the policy cannot be had, is no policy, or comes from a host that proves nothing. */
export type StsFailureType = 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid';

/** Why no policy came of a fetch. */
export interface FailedFetch {
  readonly kind: 'failed';
  readonly type: StsFailureType;
  /** One sentence. */
  readonly because: string;
}

export type Fetched = { readonly kind: 'fetched'; readonly policy: StsPolicy } | FailedFetch;

/** What of an answer tells whether it may be read as a policy. */
export type ResponseHead = Pick<HttpsAnswer, 'status' | 'contentType' | 'contentEncoding' | 'location'>;

/** With or without parameters; which ones does not matter (RFC 8461 §3.2). */
const TEXT_PLAIN = /^text\/plain[ \t]*(?:;.*)?$/is;

/** Judges what became of a GET at a policy host. */
export function judgeFetch(outcome: HttpsOutcome): Fetched {
  if (outcome.kind === 'answered') return judgeResponse(outcome.answer, outcome.answer.body);
  return failed(typeOfFault(outcome.fault), outcome.because);
}

/**
 * Judges an answer of a policy host whose certificate is good.
 *
 * "Policies fetched via HTTPS are only valid if the HTTP response code is 200 (OK). HTTP 3xx redirects MUST NOT be
 * followed" (RFC 8461 §3.3).
 */
export function judgeResponse(head: ResponseHead, body: Uint8Array): Fetched {
  const { status, contentType, contentEncoding, location } = head;
  if (status >= 300 && status < 400) {
    const to = location === undefined ? '' : ` to ${quote(location)}`;
    return failed(
      FETCH_ERROR,
      `the policy host answers ${status}: it redirects${to}, which is never followed`,
    );
  }
  if (status !== 200) return failed(FETCH_ERROR, `the policy host answers ${status} instead of 200`);
  if (contentType === undefined || !TEXT_PLAIN.test(contentType)) {
    const type = contentType === undefined ? 'no media type' : `the media type ${quote(contentType)}`;
    return failed(FETCH_ERROR, `the policy host answers with ${type} instead of text/plain`);
  }
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity') {
    const encoding = quote(contentEncoding);
    return failed(
      FETCH_ERROR,
      `the policy host answers with the content encoding ${encoding}, which was not asked for`,
    );
  }
  const parsed = parsePolicy(body);
  return parsed.kind === 'ok'
    ? { kind: 'fetched', policy: parsed.policy }
    : failed('sts-policy-invalid', parsed.because);
}

const FETCH_ERROR = 'sts-policy-fetch-error';

/** A broken handshake says nothing about the certificate; only a certificate that was seen can be a wrong one. */
function typeOfFault(fault: HttpsFault): StsFailureType {
  return fault === 'tls-webpki' ? 'sts-webpki-invalid' : FETCH_ERROR;
}

function failed(type: StsFailureType, because: string): FailedFetch {
  return { kind: 'failed', type, because };
}
