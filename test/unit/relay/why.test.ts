import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { DeliveryEvent } from '../../../src/events/delivery-event.ts';
import type { Delivery } from '../../../src/queue/delivery.ts';
import { tlsUntried } from '../../../src/relay/tls-verdict.ts';
import { type WhyParts, whyCauses, whyOf } from '../../../src/relay/why.ts';
import type { ListedRecipient } from '../../../src/store/queue-store.ts';
import { event } from '../../store/samples.ts';

const AT = Date.UTC(2026, 10, 22, 3);
const held: Delivery = { kind: 'held', by: 'tls', attempts: 2, notBefore: AT };
const waiting: Delivery = { kind: 'waiting', attempts: 2, notBefore: AT };
const nothing: WhyParts = { events: [], word: undefined };

function recipient(delivery: Delivery, parts: Partial<ListedRecipient> = {}): ListedRecipient {
  const said = { lastWord: null, blockedBecause: null, pause: null };
  return { address: 'a@one.test', destination: 'one.test', delivery, ...said, ...parts };
}

describe('why a message is not delivered', () => {
  const cases: readonly (readonly [string, ListedRecipient, RegExp])[] = [
    ['not-tried-yet', recipient({ kind: 'waiting', attempts: 0, notBefore: AT }), /^not tried yet; .*03:00/],
    [
      'being-tried',
      recipient({ kind: 'attempting', attempts: 2, leaseEnds: AT, from: 'tls' }),
      /^attempt 3 /,
    ],
    [
      'put-off-by-the-host',
      recipient(waiting, { lastWord: '451 4.3.0 later' }),
      /^the host said not now: 451 4\.3\.0 later\. .*tried 2 times, next attempt at 2026-11-22T03:00/,
    ],
    ['not-reached', recipient(waiting, { lastWord: 'no address' }), /^no host could be used: no address; /],
    [
      'paused',
      recipient(waiting, { pause: { destination: 'one.test', until: null } }),
      /^the operator lets nothing go to one\.test until "waxwing queue pause --off"/,
    ],
    ['paused', recipient(held, { pause: { destination: 'one.test', until: AT } }), /until 2026-11-22T03:00/],
    [
      'held-by-operator',
      recipient({ kind: 'held', by: 'operator', attempts: 0, notBefore: AT }),
      /^held by the operator: .*"waxwing queue release"/,
    ],
    [
      'certificate-expired',
      recipient(held, { blockedBecause: 'certificate-expired', lastWord: 'mx.one.test: it has expired' }),
      /^held for want of TLS: mx\.one\.test: it has expired\. .* has to renew its certificate\. .*next attempt at 2026-11-22T03:00/,
    ],
    [
      'validation-failure',
      recipient(held, { blockedBecause: 'of another version' }),
      /^held for want of TLS/,
    ],
    [
      'delivered',
      recipient({ kind: 'delivered', at: AT }, { lastWord: '250 ok' }),
      /^delivered at .*: 250 ok$/,
    ],
    ['bounced', recipient({ kind: 'bounced', at: AT }), /^bounced at 2026-11-22T03:00:00\.000Z$/],
    ['cancelled', recipient({ kind: 'cancelled', at: AT }), /^cancelled at /],
  ];
  for (const [cause, given, line] of cases) {
    it(`${cause}: ${line.source}`, () => {
      const why = whyOf(given, nothing);
      assert.equal(why.cause, cause);
      assert.match(why.line, line);
    });
  }

  it('says what the last look found, and when the next one is', () => {
    const found = { at: AT - 1_000, because: 'mx.one.test offers no STARTTLS' };
    const word = { found, nextAt: AT - 500 };
    const { line } = whyOf(recipient(held, { lastWord: 'older' }), { events: [], word });
    assert.match(line, /: mx\.one\.test offers no STARTTLS \(looked at 2026-11-22T02:59:59\.000Z\)\. /);
    assert.match(line, /next look at 2026-11-22T02:59:59\.500Z, next attempt at/);
    assert.doesNotMatch(line, /older/);
  });

  it('says when the first look is, where nobody has looked yet', () => {
    const word = { found: null, nextAt: AT - 500 };
    const { line } = whyOf(recipient(held, { lastWord: 'it offers no STARTTLS' }), { events: [], word });
    assert.match(
      line,
      /: it offers no STARTTLS\. .*: first look at 2026-11-22T02:59:59\.500Z, next attempt at/,
    );
  });

  it('says since when, from the first such event behind the last release, and who has to mend a policy', () => {
    const tls = tlsUntried({ requires: 'authenticate', by: 'sts' }, 'x');
    const events: readonly DeliveryEvent[] = [
      event('held', { at: 'first', tls }),
      event('released', { at: 'second' }),
      event('held', { at: 'third', tls }),
      event('held', { at: 'of another', to: 'b@one.test' }),
    ];
    const { line } = whyOf(recipient(held), { events, word: undefined });
    assert.match(line, /^held for want of TLS since third: .*the policy of the domain has to name/);
  });

  it('has a row for each cause in the runbook of docs/operating.md, and the runbook no other', () => {
    const page = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('<!-- runbook -->'), page.indexOf('<!-- end of runbook -->'));
    const rows = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, cause]) => cause);
    assert.deepEqual(rows, [...whyCauses]);
  });
});
