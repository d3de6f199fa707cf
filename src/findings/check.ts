/** What every check is: its words for people, how bad its failure is, and who can repair it. */

/** How bad it is, from the worst on. */
export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof severities)[number];

/** Whether `one` is as bad as `limit`, or worse. */
export function isAtLeast(one: Severity, limit: Severity): boolean {
  return severities.indexOf(one) <= severities.indexOf(limit);
}

/**
 * What came of a check.
 *
 * `fail`: it is wrong. `warn`: it works, and is weak or will go wrong. `absent`: something that a domain may have is not
 * there. `not-tested`: it could not be looked at, or not to the end; that is never a `fail`.
 */
export const findingStates = ['pass', 'warn', 'fail', 'not-tested', 'absent'] as const;
export type FindingState = (typeof findingStates)[number];

/** Who can repair it: the zone, the mail server, the web server of the policy, the delegation; or the tester's own side. */
export type Repairer = 'dns-owner' | 'mail-provider' | 'web-host' | 'registrar' | 'tester';

/** Programs whose configuration we know, and what else is pasted: records of a zone, the policy file. */
export const software = [
  'dns',
  'policy-file',
  'postfix',
  'exim',
  'opensmtpd',
  'sendmail',
  'exchange',
  'dovecot',
  'cyrus',
  'slapd',
  'prosody',
  'vsftpd',
  'inn',
  'postgresql',
  'mariadb',
  'nginx',
] as const;
export type Software = (typeof software)[number];

/** Something to paste. */
export interface PasteLine {
  readonly for: Software;
  /** One line of a file, a record, or a command; exact. */
  readonly text: string;
}

/** One step of a repair. */
export interface Remedy {
  readonly who: Repairer;
  /** One sentence, an order: "Renew the certificate of mx.example.test." */
  readonly do: string;
  /** The lines by which it is done, for each program that may be meant. */
  readonly lines?: readonly PasteLine[];
  /** A command that shows that it is done. */
  readonly verify?: string;
}

/** What is said of a check whatever it came to. */
export interface CheckEntry {
  /** What is looked at, in few words: "commands injected before TLS". */
  readonly title: string;
  /** Of its failure where no policy makes it worse or better. */
  readonly severity: Severity;
  /** What happens, and to whom, where it fails. One to three sentences. */
  readonly why: string;
  /** What helps where the finding has nothing more exact to say. Empty only where nothing can be done. */
  readonly fix: readonly Remedy[];
  /** "RFC 3207 §4.2", or the name of what says so. */
  readonly reference: string;
}

/** Checks by their stable ids. */
export type Catalogue = Readonly<Record<string, CheckEntry>>;
