/** How domains that get mail are described, and where their servers are. */
import { signed, type Zone } from '../zone.ts';

/** Mail servers of the lab, and the last number of the address where each is reached. */
export const mailServers = {
  postfix: 25,
  exim: 26,
  opensmtpd: 27,
  /** Nobody listens there. */
  nobody: 28,
  /** The way to Postfix with somebody on it who takes STARTTLS out of the answers. */
  stripped: 29,
  /** The way to Postfix with somebody on it who ends TLS with a certificate of his own. */
  intercepted: 30,
} as const;

/** Where the policies of MTA-STS are served, by the last number of the address. */
export const POLICY_HOST = 80;

/** What `mta-sts.` of a domain serves over HTTPS. */
export interface ServedPolicy {
  readonly status?: number;
  readonly type?: string;
  readonly text: string;
  readonly location?: string;
  /** Milliseconds until the answer begins. */
  readonly afterMs?: number;
  /** By default one that the lab's authority made for the name. */
  readonly certificate?: 'stranger' | 'wrong-name' | 'expired' | 'self-signed';
}

/** A domain that gets mail. */
export interface MailDomain {
  readonly name: string;
  /** One line for people. */
  readonly shows: string;
  /** Whose mailboxes it has, and which host names their certificates are for. */
  readonly hosts: Readonly<Partial<Record<keyof typeof mailServers, readonly string[]>>>;
  readonly zone: Pick<Zone, 'records'> & Partial<Zone>;
  readonly policy?: ServedPolicy;
}

/** A zone that is signed as most are. */
export const secure = { signing: signed() } as const;
