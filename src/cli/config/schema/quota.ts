/** `[[quota]]`, and the quotas of accounts: how much may be sent in an hour and in a day. */
import { z } from 'zod';
import type { NetworkQuota, Quota } from '../../../relay/quotas.ts';
import { formatNetwork, parseNetwork } from '../values.ts';
import { complaints, count, list, text } from './kit.ts';

const MANY = 1_000_000_000;

const quotaOf = (what: string, example: number) =>
  count(1, MANY)
    .optional()
    .meta({ examples: [example] })
    .describe(`At most so many ${what}; more are told to come later. Default: no limit.`);

/** Of whoever the table is about. */
export const quotaKeys = {
  messages_per_hour: quotaOf('messages in an hour', 200),
  messages_per_day: quotaOf('messages in a day', 1000),
  recipients_per_hour: quotaOf('recipients in an hour', 500),
  recipients_per_day: quotaOf('recipients in a day', 5000),
};

interface WrittenQuota {
  readonly messages_per_hour?: number | undefined;
  readonly messages_per_day?: number | undefined;
  readonly recipients_per_hour?: number | undefined;
  readonly recipients_per_day?: number | undefined;
}

export function toQuota(written: WrittenQuota): Quota {
  return {
    messagesPerHour: written.messages_per_hour ?? null,
    messagesPerDay: written.messages_per_day ?? null,
    recipientsPerHour: written.recipients_per_hour ?? null,
    recipientsPerDay: written.recipients_per_day ?? null,
  };
}

export const quota = z
  .strictObject({
    networks: list(text(parseNetwork, '192.0.2.0/24'), 'network').describe(
      'Clients in these networks count together, also those that may relay without a login.',
    ),
    ...quotaKeys,
  })
  .transform((written, context): NetworkQuota => {
    const { networks } = written;
    const limits = toQuota(written);
    if (Object.values(limits).every((limit) => limit === null))
      complaints(context)('messages_per_hour', 'is missing, and so are the others: nothing is limited');
    return { networks, name: networks.map(formatNetwork).join(', '), quota: limits };
  });
