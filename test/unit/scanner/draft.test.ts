import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VisitEnd } from '../../../src/findings/observation.ts';
import type { Connected, Talked } from '../../../src/scanner/connection.ts';
import { emptyDraft, visitOf } from '../../../src/scanner/draft.ts';
import type { VisitDraft } from '../../../src/scanner/visit.ts';
import { tlsFacts } from '../../support/transcript.ts';

function connected(talked: Talked<VisitEnd>): Connected<VisitEnd> {
  return { connect: { kind: 'connected', ms: 1 }, transcript: ['S: 220 x'], talked, ms: 99 };
}

const secured: VisitDraft = {
  ...emptyDraft(),
  step: 'inside',
  clear: ['STARTTLS'],
  upgrade: { kind: 'secured', ms: 5 },
  tls: tlsFacts,
};
const broken: VisitEnd = { kind: 'broken', at: 'inside', because: 'tlsv13 alert certificate required' };

describe('what is kept of a visit', () => {
  it('all of the draft but the step, and the end that the dialogue came to', () => {
    const visit = visitOf(connected({ kind: 'done', outcome: { kind: 'complete' } }), secured);
    const { step: _, ...draft } = secured;
    assert.deepEqual(visit, {
      connect: { kind: 'connected', ms: 1 },
      transcript: ['S: 220 x'],
      ...draft,
      end: { kind: 'complete' },
    });
  });

  it('of one that broke off, what was seen until then', () => {
    const end: VisitEnd = { kind: 'closed', at: 'inside' };
    const visit = visitOf(connected({ kind: 'ended', end }), secured);
    assert.deepEqual([visit.end, visit.upgrade.kind, visit.clear], [end, 'secured', ['STARTTLS']]);
  });

  it('RFC 8446 §4.4.2.4: an alert before the first answer inside is a handshake that failed', () => {
    const alert = 'certificate required';
    const visit = visitOf(connected({ kind: 'ended', end: broken, alert }), secured);
    assert.deepEqual(visit.upgrade, { kind: 'handshake-failed', because: broken.because, alert, ms: 99 });
    assert.deepEqual([visit.end, visit.tls], [{ kind: 'without-tls' }, tlsFacts]);
  });

  it('an alert behind an answer inside is a connection that broke', () => {
    const talked: Talked<VisitEnd> = { kind: 'ended', end: broken, alert: 'internal error' };
    const visit = visitOf(connected(talked), { ...secured, inside: ['SIZE'] });
    assert.deepEqual([visit.upgrade.kind, visit.end], ['secured', broken]);
  });

  it('plaintext in the way of the handshake is told, with what it was', () => {
    const end: VisitEnd = { kind: 'broken', at: 'handshake', because: 'mx.test sent plaintext' };
    const talked: Talked<VisitEnd> = { kind: 'ended', end, injected: '250 fine\\r\\n' };
    const visit = visitOf(connected(talked), { ...emptyDraft(), step: 'handshake', clear: ['STARTTLS'] });
    assert.deepEqual(visit.upgrade, { kind: 'injected', because: end.because, text: '250 fine\\r\\n' });
    assert.deepEqual(visit.end, end);
  });
});
