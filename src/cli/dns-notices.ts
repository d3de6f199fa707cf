/** What the self-test of the resolvers means for an operator, and what to do about it: the one place for these words. */
import type { SelfTest } from '../net/dns/self-test.ts';
import type { DnsConfig } from './config/config.ts';

export interface Notice {
  readonly kind: 'unprovable' | 'no-answer';
  /** One sentence, which names the resolvers. */
  readonly says: string;
  readonly remedy: string;
}

/** @returns undefined where nothing is wrong. */
export function noticeOf(test: SelfTest, mode: DnsConfig['dnssec']): Notice | undefined {
  switch (test.kind) {
    case 'provable':
    case 'off':
      return undefined;
    case 'no-answer':
      return {
        kind: test.kind,
        says: `No resolver answers: ${test.because}.`,
        remedy:
          'Look whether the address is right, and whether something on the way lets port 53 through by UDP and by TCP, which long answers need; or name another resolver with dns.resolver (--resolver).',
      };
    case 'unprovable':
      return {
        kind: test.kind,
        says: `Answers of DNS cannot be proven: ${test.because}.`,
        remedy: mode === 'trust' ? TO_TRUST : TO_VALIDATE,
      };
  }
}

const OWN =
  'The surest is one on this host, such as unbound as Debian installs it: dns.resolver = ["127.0.0.1"].';

const TO_VALIDATE = `Name a resolver that hands on the records of DNSSEC, with dns.resolver (--resolver): those of routers and containers often do not. ${OWN}`;

const TO_TRUST = `Switch validation on in the resolver (unbound: auto-trust-anchor-file; BIND: dnssec-validation auto; systemd-resolved: DNSSEC=yes), or prove answers here, with dns.dnssec = "validate" (--dnssec validate). ${OWN}`;

/** What a running relay logs of a self-test; undefined where that is nothing. */
export function logLineOf(
  test: SelfTest,
  mode: DnsConfig['dnssec'],
): { readonly level: 'info' | 'error'; readonly text: string } | undefined {
  const notice = noticeOf(test, mode);
  if (notice !== undefined) {
    const text = `${notice.says} ${meanwhile[notice.kind]} To change that: ${lower(notice.remedy)}`;
    return { level: 'error', text };
  }
  if (test.kind === 'off') return undefined;
  return { level: 'info', text: `answers of DNS can be proven: ${test.because}` };
}

const meanwhile: Readonly<Record<Notice['kind'], string>> = {
  unprovable: 'Mail goes on, as if no domain were signed.',
  'no-answer': 'Mail that needs DNS waits.',
};

function lower(sentence: string): string {
  return `${sentence.slice(0, 1).toLowerCase()}${sentence.slice(1)}`;
}
