/** What sessions with example.test have shown, as tests of trials say it. */
import type { SeenCount, SeenSession } from '../../src/policies/report-only/seen.ts';
import { DOMAIN } from './destinations.ts';
import { MX1 } from './tracks.ts';

/** TLS with a valid certificate for the host, out of unsigned DNS, unless it is changed. */
export function seenOf(change: Partial<SeenSession> = {}): SeenSession {
  return {
    domain: DOMAIN,
    host: MX1,
    vouched: false,
    signed: false,
    tls: 'done',
    certificate: { path: 'trusted', names: [MX1], more: false },
    tlsa: 'none',
    sts: null,
    list: null,
    memory: null,
    ...change,
  };
}

export function countOf(day: string, seen: SeenSession | null, sessions = 1): SeenCount {
  return { day, domain: DOMAIN, seen, sessions };
}
