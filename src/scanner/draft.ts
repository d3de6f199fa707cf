/** From the draft of a visit, and how its connection ended, to what is kept of it. */
import type { Upgrade, Visit, VisitEnd } from '../findings/observation.ts';
import type { Connected } from './connection.ts';
import type { VisitDraft } from './visit.ts';

/** Nothing was seen yet. */
export function emptyDraft(): VisitDraft {
  return {
    step: 'greeting',
    greeting: null,
    smtp: null,
    mailbox: null,
    clear: null,
    upgrade: { kind: 'not-reached' },
    tls: null,
    inside: null,
    again: null,
  };
}

/** A visit as it is kept. */
export function visitOf({ connect, transcript, talked, ms }: Connected<VisitEnd>, draft: VisitDraft): Visit {
  const { step: _, ...seen } = draft;
  if (talked.kind === 'done') return { connect, transcript, ...seen, end: talked.outcome };
  const { end, alert, injected } = talked;
  if (injected !== undefined && end.kind === 'broken') {
    const upgrade: Upgrade = { kind: 'injected', because: end.because, text: injected };
    return { connect, transcript, ...seen, upgrade, end };
  }
  if (alert !== undefined && seen.tls !== null && seen.inside === null && end.kind === 'broken') {
    // In TLS 1.3 the server's no to our side of the handshake comes when for us it is over (RFC 8446 §4.4.2.4).
    const upgrade: Upgrade = { kind: 'handshake-failed', because: end.because, alert, ms };
    return { connect, transcript, ...seen, upgrade, end: { kind: 'without-tls' } };
  }
  return { connect, transcript, ...seen, end };
}
