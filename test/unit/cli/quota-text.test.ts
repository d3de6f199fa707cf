import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formatQuotas } from '../../../src/cli/quota-text.ts';

const used = {
  subject: 'account anna',
  period: 'hour',
  messages: 7,
  mostMessages: 200,
  recipients: 9,
  mostRecipients: null,
  since: '2026-11-28T12:00:00.000Z',
  until: '2026-11-28T13:00:00.000Z',
} as const;

it('quotas are a line for each, with what is left out of it where there is no limit', () => {
  assert.equal(
    formatQuotas([used, { ...used, subject: 'network 192.0.2.0/24', period: 'day', mostRecipients: 5000 }]),
    `QUOTA OF              IN A  MESSAGES  RECIPIENTS  BEGINS AGAIN
account anna          hour  7 of 200  -           2026-11-28T13:00:00Z
network 192.0.2.0/24  day   7 of 200  9 of 5000   2026-11-28T13:00:00Z
`,
  );
});

it('where nothing is used up, that is said', () =>
  assert.equal(formatQuotas([]), 'nothing of any quota is used up\n'));
