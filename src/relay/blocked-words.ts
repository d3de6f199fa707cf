/** Mail for which the required TLS could not be had, in words: who asks for it, what has to be mended, and the code. */
import type { EventTls } from '../events/delivery-event.ts';
import type { Layer } from '../policies/words.ts';
import type { TlsFailureReason } from '../tls/failure.ts';

/** Who asks for TLS, as the sender and an operator understand it. */
const DEMANDERS: Record<Layer, string> = {
  override: 'a rule of the operator of this mail system',
  message: 'the message itself, as its sender wished',
  dane: "the signed DNS records of the recipient's mail server (DANE)",
  sts: "the published policy of the recipient's domain (MTA-STS)",
  list: 'the policy list that this mail system goes by',
  memory: "what this mail system has seen of the recipient's domain before",
  default: 'the general rule of this mail system',
};

/** What is required and by whom, one sentence. */
export function demandText({ by, required }: Pick<EventTls, 'by' | 'required'>): string {
  const level =
    required === 'authenticate'
      ? 'a TLS connection to a mail server that proves who it is'
      : 'a TLS connection';
  return `${capitalized(DEMANDERS[by])} requires ${level}.`;
}

/** Who has to mend what: of each cause, for the side of the recipient. */
const MENDING: Record<TlsFailureReason, string> = {
  'starttls-not-supported':
    'has to offer STARTTLS, or something on the way there has to stop removing the offer',
  'certificate-host-mismatch': 'has to show a certificate for its own name',
  'certificate-expired': 'has to renew its certificate',
  'certificate-not-trusted':
    'has to show a certificate that a known authority has signed, with the certificates between',
  'validation-failure': 'has to make its TLS work',
};

/** A policy that does not fit the server is mended where it is published, as often as at the server. */
const POLICY_MENDING: Partial<Record<Layer, string>> = {
  dane: ', or the TLSA records of the server have to be brought in line with its certificate',
  sts: ', or the policy of the domain has to name the mail servers that the domain has',
  memory: ', or this mail system has to be told that it is meant so, or to have seen it for some days',
  list: ', or the policy list has to name the mail servers that the domain has',
};

/** A new host out of unsigned DNS shows its own name, and that proves nothing: so does whoever has it named there. */
const OF_STRANGER =
  'has to show a certificate for the domain of the recipient, or for the name of a host that was proven before';

/** What has to change and by whom, one sentence. */
export function mendingText(cause: string, by: Layer): string {
  const reason = isReason(cause) ? cause : 'validation-failure';
  const what = by === 'memory' && reason === 'certificate-host-mismatch' ? OF_STRANGER : MENDING[reason];
  return `The mail server of the recipient ${what}${POLICY_MENDING[by] ?? ''}.`;
}

function isReason(cause: string): cause is TlsFailureReason {
  return Object.hasOwn(MENDING, cause);
}

/**
 * The enhanced status code of mail that is returned for want of TLS.
 *
 * 5.7.10, "encryption needed", as RFC 8689 §4.2.1 has it where there is no TLS, and for whatever goes wrong under
 * REQUIRETLS, whoever demands as much beside it; 5.7.5, "cryptographic failure" (RFC 3463 §3.8), where there is TLS and it proves nothing; 5.7.1, "delivery
 * not authorized", where a policy forbids every host, so that none was asked.
 */
export function statusOfBlock(
  cause: string,
  { requireTls, wasAsked }: { readonly requireTls: boolean; readonly wasAsked: boolean },
): string {
  if (requireTls || cause === 'starttls-not-supported') return '5.7.10';
  return wasAsked ? '5.7.5' : '5.7.1';
}

/** What the sender of returned mail is told beside what was found. */
export function returnedText(cause: string, tls: EventTls): string {
  return `${demandText(tls)} ${mendingText(cause, tls.by)} Until then tell the recipient by other means; the mail system of the recipient can be told this report.`;
}

/** What the sender of held mail is told beside what was found. @param until when it is given up; RFC 3339. */
export function heldText(cause: string, tls: EventTls, until: string): string {
  return `The message is held. ${demandText(tls)} ${mendingText(cause, tls.by)} The mail server is looked at again and again, and the message goes as soon as that is done; it is returned to you if it is not by ${until}. If it cannot wait, tell the recipient by other means.`;
}

function capitalized(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
